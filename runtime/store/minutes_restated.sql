  -- What is counted now and no raw explains any more: written as zeros, so that no older row of its key stays.
  vanished AS (
    SELECT h.* FROM (SELECT * FROM {db}.minutes FINAL WHERE (src_part, minute) IN ({keys})) AS h
    LEFT ANTI JOIN folded AS f
    ON h.src_part = f.sp AND h.minute = f.m AND h.campaign_id = f.campaign AND h.ad_id = f.ad_f
      AND h.advertiser_id = f.advertiser AND h.publisher_id = f.publisher_f AND h.ts_id = f.ts_f
      AND h.country = f.country AND h.region = f.region AND h.device_type = f.device
      AND h.price_currency = f.price_cur AND h.cost_currency = f.cost_cur
  )
SELECT * FROM (
  SELECT
    sp AS src_part, m AS minute, campaign AS campaign_id, ad_f AS ad_id, advertiser AS advertiser_id,
    publisher_f AS publisher_id, ts_f AS ts_id, country, region, device AS device_type,
    price_cur AS price_currency, cost_cur AS cost_currency, new_ver AS ver, impressions_f AS impressions,
    page_views_f AS page_views, click_throughs_f AS click_throughs, bounces_f AS bounces, conversions_f AS conversions,
    valid_f AS clicks_valid, suspicious_f AS clicks_suspicious, fraudulent_f AS clicks_fraudulent,
    test_f AS clicks_test, closed_f AS clicks_closed, click_duplicates_f AS clicks_duplicate, duplicates_f AS duplicates,
    spend_valid_f AS spend_valid, spend_suspicious_f AS spend_suspicious, spend_fraudulent_f AS spend_fraudulent,
    cost_f AS cost
  FROM totals
  UNION ALL
  SELECT
    v.src_part, v.minute, v.campaign_id, v.ad_id, v.advertiser_id, v.publisher_id, v.ts_id, v.country, v.region,
    v.device_type, v.price_currency, v.cost_currency, bitOr(bitShiftLeft(toUInt64({epoch}), 48), c.cut),
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  FROM vanished AS v INNER JOIN cuts AS c ON v.src_part = c.src_part AND v.minute = c.minute
)
ORDER BY src_part, minute
