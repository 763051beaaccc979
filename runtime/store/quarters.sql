-- Quarter-hours {keys} of table minutes at their marks, as absolute sums (design 6.5). minutes is read once, so that
-- ver and figures speak of the same state: a minute counts at the highest version that its rows have, which its
-- mark has reached or will.
INSERT INTO {db}.quarters (
  src_part, quarter, campaign_id, ad_id, advertiser_id, publisher_id, ts_id, country, region, device_type,
  price_currency, cost_currency, ver, impressions, page_views, click_throughs, bounces, conversions,
  clicks_valid, clicks_suspicious, clicks_fraudulent, clicks_test, clicks_closed, clicks_duplicate, duplicates,
  spend_valid, spend_suspicious, spend_fraudulent, cost)
WITH
  versions AS (
    SELECT *, toStartOfFifteenMinutes(minute) AS of_quarter,
      max(ver) OVER (PARTITION BY src_part, minute) AS top,
      -- One row of each minute carries the minute's ver into the quarter's.
      if(row_number() OVER (PARTITION BY src_part, minute ORDER BY ver DESC) = 1, toUInt128(ver), toUInt128(0)) AS share
    FROM {db}.minutes FINAL
    WHERE minute >= {from} AND minute < {to} AND (src_part, toStartOfFifteenMinutes(minute)) IN ({keys})
  ),
  marked AS (
    SELECT src_part, minute, max(ver) AS at FROM {db}.marks
    WHERE minute >= {from} AND minute < {to} AND (src_part, toStartOfFifteenMinutes(minute)) IN ({keys})
    GROUP BY src_part, minute
  ),
  summed AS (
    SELECT
      v.src_part AS sp, v.of_quarter AS q, v.campaign_id AS campaign, v.ad_id AS ad, v.advertiser_id AS advertiser,
      v.publisher_id AS publisher, v.ts_id AS ts, v.country AS land, v.region AS area, v.device_type AS device,
      v.price_currency AS price_cur, v.cost_currency AS cost_cur, sum(v.share) AS shares,
      sum(v.impressions) AS s1, sum(v.page_views) AS s2, sum(v.click_throughs) AS s3, sum(v.bounces) AS s4,
      sum(v.conversions) AS s5, sum(v.clicks_valid) AS s6, sum(v.clicks_suspicious) AS s7, sum(v.clicks_fraudulent) AS s8,
      sum(v.clicks_test) AS s9, sum(v.clicks_closed) AS s10, sum(v.clicks_duplicate) AS s11, sum(v.duplicates) AS s12,
      sum(v.spend_valid) AS s13, sum(v.spend_suspicious) AS s14, sum(v.spend_fraudulent) AS s15, sum(v.cost) AS s16
    FROM versions AS v INNER JOIN marked AS k ON v.src_part = k.src_part AND v.minute = k.minute
    WHERE v.ver = v.top AND v.top >= k.at
    GROUP BY sp, q, campaign, ad, advertiser, publisher, ts, land, area, device, price_cur, cost_cur
  )
SELECT sp, q, campaign, ad, advertiser, publisher, ts, land, area, device, price_cur, cost_cur,
  sum(shares) OVER (PARTITION BY sp, q), s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16
FROM summed
ORDER BY sp, q
SETTINGS max_insert_threads = 1, min_insert_block_size_rows = 1000000000000, min_insert_block_size_bytes = 0,
  insert_deduplicate = 0, async_insert = 0, join_use_nulls = 0
