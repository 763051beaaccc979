-- Recount of raw beside the minute rows (design 6.5), for src_parts {list} and event times [{from}, {to}).
-- It shares nothing with minutes.sql: of each identity the row at the lowest offset is taken, whatever
-- its minute, and every figure is named by what that row says.
WITH
  -- The cut of a minute is the version that readers see: its mark's, or that of rows whose mark is on its way.
  cuts AS (
    SELECT src_part, minute, bitAnd(max(version), 0xFFFFFFFFFFFF) AS cut FROM (
      SELECT src_part, minute, ver AS version, 1 AS is_mark FROM {db}.marks WHERE src_part IN ({list}) AND minute >= {from} AND minute < {to}
      UNION ALL
      SELECT src_part, minute, ver, 0 FROM {db}.minutes WHERE src_part IN ({list}) AND minute >= {from} AND minute < {to})
    GROUP BY src_part, minute HAVING max(is_mark) = 1
  ),
  firsts AS (
    SELECT e.src_part AS part, e.identity, uniqExact(e.src_off) - 1 AS copies,
      -- Of one offset that two versions of the loader wrote, the higher version is the row.
      argMin((e.minute, e.event_type, e.status, e.disposition, e.campaign_id, e.advertiser_id,
        e.price_micros, e.price_currency, e.cost_micros, e.cost_currency), (e.src_off, 65535 - e.loader)) AS row
    FROM {db}.events AS e INNER JOIN cuts AS c ON e.src_part = c.src_part AND e.minute = c.minute
    WHERE e.src_part IN ({list}) AND e.minute >= {from} AND e.minute < {to} AND e.src_off < c.cut
    GROUP BY part, e.identity
  ),
  groups AS (
    SELECT part, row.1 AS minute, row.6 AS advertiser, if(row.4 = 'Orphan', '', row.5) AS campaign, row.2 = 'click' AS click,
      multiIf(NOT click, concat(row.2, 's'), row.4 IN ('Test', 'Closed'), concat('clicks_', lower(row.4)),
        concat('clicks_', lower(if(row.3 = '', 'Valid', row.3)))) AS figure,
      click AND row.4 = 'Routed' AS billed, lower(if(row.3 = '', 'Valid', row.3)) AS verdict,
      if(billed, row.8, '') AS price_currency, if(billed, row.10, '') AS cost_currency,
      count() AS events, sum(copies) AS copies_of, sumIf(row.7, billed) AS price, sumIf(row.9, billed) AS cost
    FROM firsts GROUP BY part, minute, advertiser, campaign, click, figure, billed, verdict, price_currency, cost_currency
  ),
  recounted AS (
    SELECT part, minute, advertiser, campaign, named.1 AS name, named.2 AS value
    FROM groups ARRAY JOIN [
      (figure, toInt64(events)), ('duplicates', toInt64(copies_of)), (if(click, 'clicks_duplicate', ''), toInt64(copies_of)),
      (concat('spend_', verdict, ' ', price_currency), toInt64(price)), (concat('cost ', cost_currency), toInt64(cost))] AS named
    WHERE named.1 != ''
  ),
  stored AS (
    SELECT src_part AS part, minute, advertiser_id AS advertiser, campaign_id AS campaign, named.1 AS name, named.2 AS value
    FROM {stored} AS r ARRAY JOIN [
      ('impressions', toInt64(impressions)), ('page_views', toInt64(page_views)), ('click_throughs', toInt64(click_throughs)),
      ('bounces', toInt64(bounces)), ('conversions', toInt64(conversions)), ('clicks_valid', toInt64(clicks_valid)),
      ('clicks_suspicious', toInt64(clicks_suspicious)), ('clicks_fraudulent', toInt64(clicks_fraudulent)),
      ('clicks_test', toInt64(clicks_test)), ('clicks_closed', toInt64(clicks_closed)),
      ('clicks_duplicate', toInt64(clicks_duplicate)), ('duplicates', toInt64(duplicates)),
      (concat('spend_valid ', price_currency), spend_valid), (concat('spend_suspicious ', price_currency), spend_suspicious),
      (concat('spend_fraudulent ', price_currency), spend_fraudulent), (concat('cost ', cost_currency), cost)] AS named
    WHERE src_part IN ({list})
  ),
  cells AS (
    SELECT part, minute, advertiser, campaign, name, sum(of_raw) AS in_raw, sum(of_rows) AS in_rows FROM (
      SELECT part, minute, advertiser, campaign, name, value AS of_raw, 0 AS of_rows FROM recounted WHERE value != 0
      UNION ALL
      SELECT part, minute, advertiser, campaign, name, 0, value FROM stored WHERE value != 0)
    GROUP BY part, minute, advertiser, campaign, name
  )
SELECT toStartOfHour(minute) AS hour, advertiser, campaign, name, sum(in_raw), sum(in_rows), countIf(in_raw != in_rows),
  groupArrayIf({named})((part, toInt64(toUnixTimestamp(minute)), in_raw, in_rows), in_raw != in_rows)
FROM cells GROUP BY hour, advertiser, campaign, name ORDER BY hour, advertiser, campaign, name
SETTINGS join_use_nulls = 0
