-- Minute rows of several (src_part, minute), each over raw below its cut (design 6.4): what follows ends with
-- minutes_guarded.sql for a worker, minutes_restated.sql for a restate.
-- {db} database, {keys} the (src_part, minute) list, {cuts} the same with the cut, {epoch}, {fold} bound.
WITH
  cuts AS (SELECT * FROM values('src_part UInt32, minute DateTime(\'UTC\'), cut UInt64', {cuts})),
  -- The loader may have written an offset twice: FINAL keeps one.
  raw AS (
    SELECT e.*, c.cut AS cut
    FROM {db}.events AS e FINAL
    INNER JOIN cuts AS c ON e.src_part = c.src_part AND e.minute = c.minute
    WHERE (e.src_part, e.minute) IN ({keys}) AND e.src_off < c.cut
  ),
  -- Only identities with more than one offset: a minute without duplicates aggregates its rows
  -- directly, and the dimensions never pass through the deduplication.
  copies AS (
    SELECT src_part, minute, identity, min(src_off) AS winner, count() AS offsets
    FROM raw GROUP BY src_part, minute, identity HAVING offsets > 1
  ),
  once AS (
    SELECT
      r.src_part AS sp, r.minute AS m, r.cut AS cut, r.src_off AS off,
      r.event_type AS type, r.status AS status, r.disposition AS disposition,
      if(r.disposition = 'Orphan', '', r.campaign_id) AS campaign,
      r.ad_id AS ad, r.advertiser_id AS advertiser, r.publisher_id AS publisher, r.ts_id AS ts,
      if(bitAnd(r.named, 1) = 0, r.ad_id, '') AS said_ad,
      if(bitAnd(r.named, 2) = 0, r.publisher_id, '') AS said_publisher,
      if(bitAnd(r.named, 4) = 0, r.ts_id, '') AS said_ts,
      r.country AS country, r.region AS region, r.device_type AS device,
      r.event_type = 'click' AND r.disposition = 'Routed' AS billed,
      if(billed, r.price_currency, '') AS price_cur, if(billed, r.cost_currency, '') AS cost_cur,
      if(billed, r.price_micros, 0) AS price, if(billed, r.cost_micros, 0) AS cost_of,
      if(d.offsets = 0, 0, d.offsets - 1) AS extra
    FROM raw AS r LEFT JOIN copies AS d USING (src_part, minute, identity)
    WHERE d.offsets = 0 OR r.src_off = d.winner
  ),
  stated AS (
    SELECT
      sp, m, cut, campaign, ad, advertiser, publisher, ts, said_ad, said_publisher, said_ts,
      country, region, device, price_cur, cost_cur, min(off) AS first_off,
      countIf(type = 'impression') AS n_impressions, countIf(type = 'page_view') AS n_page_views,
      countIf(type = 'click_through') AS n_click_throughs, countIf(type = 'bounce') AS n_bounces,
      countIf(type = 'conversion') AS n_conversions,
      countIf(type = 'click' AND disposition NOT IN ('Test', 'Closed') AND status NOT IN ('Suspicious', 'Fraudulent')) AS n_valid,
      countIf(type = 'click' AND disposition NOT IN ('Test', 'Closed') AND status = 'Suspicious') AS n_suspicious,
      countIf(type = 'click' AND disposition NOT IN ('Test', 'Closed') AND status = 'Fraudulent') AS n_fraudulent,
      countIf(type = 'click' AND disposition = 'Test') AS n_test,
      countIf(type = 'click' AND disposition = 'Closed') AS n_closed,
      sumIf(extra, type = 'click') AS n_click_duplicates, sum(extra) AS n_duplicates,
      sumIf(price, status NOT IN ('Suspicious', 'Fraudulent')) AS p_valid,
      sumIf(price, status = 'Suspicious') AS p_suspicious, sumIf(price, status = 'Fraudulent') AS p_fraudulent,
      sum(cost_of) AS p_cost
    FROM once
    GROUP BY sp, m, cut, campaign, ad, advertiser, publisher, ts, said_ad, said_publisher, said_ts,
      country, region, device, price_cur, cost_cur
  ),
  -- What a visitor states is bounded: combinations take their rank from where they first stood in the log.
  seen AS (
    SELECT *, (said_ad, said_publisher, said_ts) != ('', '', '') AS said,
      min(first_off) OVER (PARTITION BY sp, m, campaign, said_ad, said_publisher, said_ts) AS said_off
    FROM stated
  ),
  ranked AS (
    SELECT *, said AND dense_rank() OVER (PARTITION BY sp, m, campaign, said ORDER BY said_off) > {fold} AS folds FROM seen
  ),
  folded AS (
    SELECT
      sp, m, cut, campaign,
      if(folds AND said_ad != '', '~other', ad) AS ad_f, advertiser,
      if(folds AND said_publisher != '', '~other', publisher) AS publisher_f,
      if(folds AND said_ts != '', '~other', ts) AS ts_f,
      country, region, device, price_cur, cost_cur,
      sum(n_impressions) AS impressions_f, sum(n_page_views) AS page_views_f, sum(n_click_throughs) AS click_throughs_f,
      sum(n_bounces) AS bounces_f, sum(n_conversions) AS conversions_f, sum(n_valid) AS valid_f,
      sum(n_suspicious) AS suspicious_f, sum(n_fraudulent) AS fraudulent_f, sum(n_test) AS test_f,
      sum(n_closed) AS closed_f, sum(n_click_duplicates) AS click_duplicates_f, sum(n_duplicates) AS duplicates_f,
      sum(p_valid) AS spend_valid_f, sum(p_suspicious) AS spend_suspicious_f,
      sum(p_fraudulent) AS spend_fraudulent_f, sum(p_cost) AS cost_f
    FROM ranked
    GROUP BY sp, m, cut, campaign, ad_f, advertiser, publisher_f, ts_f, country, region, device, price_cur, cost_cur
  ),
  totals AS (
    SELECT *, bitOr(bitShiftLeft(toUInt64({epoch}), 48), cut) AS new_ver,
      sum(impressions_f + page_views_f + click_throughs_f + bounces_f + conversions_f
        + valid_f + suspicious_f + fraudulent_f + test_f + closed_f) OVER minute_of AS t_events,
      sum(impressions_f) OVER minute_of AS t_impressions, sum(valid_f) OVER minute_of AS t_valid,
      sum(suspicious_f) OVER minute_of AS t_suspicious, sum(fraudulent_f) OVER minute_of AS t_fraudulent
    FROM folded
    WINDOW minute_of AS (PARTITION BY sp, m)
  ),
