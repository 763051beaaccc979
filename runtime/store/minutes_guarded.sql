  marked AS (
    SELECT src_part, minute, ver, events, impressions, clicks_valid, clicks_suspicious, clicks_fraudulent
    FROM {db}.marks FINAL WHERE (src_part, minute) IN ({keys})
  )
SELECT
  t.sp, t.m, t.campaign, t.ad_f, t.advertiser, t.publisher_f, t.ts_f, t.country, t.region, t.device,
  t.price_cur, t.cost_cur, t.new_ver, t.impressions_f, t.page_views_f, t.click_throughs_f, t.bounces_f, t.conversions_f,
  t.valid_f, t.suspicious_f, t.fraudulent_f, t.test_f, t.closed_f, t.click_duplicates_f, t.duplicates_f,
  t.spend_valid_f, t.spend_suspicious_f, t.spend_fraudulent_f, t.cost_f
FROM totals AS t LEFT JOIN marked AS k ON t.sp = k.src_part AND t.m = k.minute
-- Totals never fall, whatever the epoch of the mark: a lower one leaves the minute at its mark, and the caller,
-- who finds no new mark, raises the alarm. Rows that are already marked are not written again.
WHERE k.ver < t.new_ver
  AND t.t_events >= k.events AND t.t_impressions >= k.impressions AND t.t_valid >= k.clicks_valid
  AND t.t_suspicious >= k.clicks_suspicious AND t.t_fraudulent >= k.clicks_fraudulent
ORDER BY t.sp, t.m
