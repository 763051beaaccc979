-- Marks of {keys}: after a minute's rows. Whatever complete version the rows have is what is marked,
-- so that rows whose writer died before the mark get one from the next who looks.
INSERT INTO {db}.marks (
  src_part, minute, ver, rows, events, duplicates, impressions, clicks_valid, clicks_suspicious, clicks_fraudulent, written)
SELECT
  src_part, minute, ver, count(),
  sum(impressions + page_views + click_throughs + bounces + conversions
    + clicks_valid + clicks_suspicious + clicks_fraudulent + clicks_test + clicks_closed),
  sum(duplicates), sum(impressions), sum(clicks_valid), sum(clicks_suspicious), sum(clicks_fraudulent),
  fromUnixTimestamp64Milli({now})
FROM {db}.minutes FINAL
WHERE (src_part, minute) IN ({keys})
GROUP BY src_part, minute, ver
SETTINGS insert_deduplicate = 0, async_insert = 0
