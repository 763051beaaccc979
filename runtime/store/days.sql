-- The days {days} of zone {zone}, between the times {from} and {to}, from quarter-hours at their latest (design 6.5).
INSERT INTO {db}.days (
  zone, day, advertiser_id, campaign_id, price_currency, cost_currency, ver, impressions, page_views, click_throughs,
  bounces, conversions, clicks_valid, clicks_suspicious, clicks_fraudulent, clicks_test, clicks_closed,
  clicks_duplicate, duplicates, spend_valid, spend_suspicious, spend_fraudulent, cost)
WITH
  versions AS (
    SELECT *, toDate(quarter, {zone}) AS of_day,
      max(ver) OVER (PARTITION BY src_part, quarter) AS top,
      if(row_number() OVER (PARTITION BY src_part, quarter ORDER BY ver DESC) = 1, ver, toUInt128(0)) AS share
    FROM {db}.quarters FINAL
    WHERE quarter >= {from} AND quarter < {to} AND toDate(quarter, {zone}) IN ({days})
  ),
  summed AS (
    SELECT of_day, advertiser_id AS advertiser, campaign_id AS campaign, price_currency AS price_cur,
      cost_currency AS cost_cur, sum(share) AS shares,
      sum(impressions) AS s1, sum(page_views) AS s2, sum(click_throughs) AS s3, sum(bounces) AS s4,
      sum(conversions) AS s5, sum(clicks_valid) AS s6, sum(clicks_suspicious) AS s7, sum(clicks_fraudulent) AS s8,
      sum(clicks_test) AS s9, sum(clicks_closed) AS s10, sum(clicks_duplicate) AS s11, sum(duplicates) AS s12,
      sum(toInt128(spend_valid)) AS s13, sum(toInt128(spend_suspicious)) AS s14,
      sum(toInt128(spend_fraudulent)) AS s15, sum(toInt128(cost)) AS s16
    FROM versions WHERE ver = top
    GROUP BY of_day, advertiser, campaign, price_cur, cost_cur
  )
SELECT {zone}, of_day, advertiser, campaign, price_cur, cost_cur, sum(shares) OVER (PARTITION BY of_day),
  s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16
FROM summed
ORDER BY of_day
SETTINGS max_insert_threads = 1, min_insert_block_size_rows = 1000000000000, min_insert_block_size_bytes = 0,
  insert_deduplicate = 0, async_insert = 0, join_use_nulls = 0
