-- Visitor states of quarter-hours {keys} over raw below the cut of each minute (design 6.5). A quarter without
-- visitors gets one row with an empty state, so that it is known to be computed.
INSERT INTO {db}.visitors (src_part, quarter, campaign_id, ver, visitors)
WITH
  cuts AS (
    SELECT src_part, minute, toStartOfFifteenMinutes(minute) AS q, bitAnd(at, 0xFFFFFFFFFFFF) AS cut,
      sum(toUInt128(at)) OVER (PARTITION BY src_part, q) AS ver
    FROM (
      SELECT src_part, minute, max(ver) AS at FROM {db}.marks
      WHERE minute >= {from} AND minute < {to} AND (src_part, toStartOfFifteenMinutes(minute)) IN ({keys})
      GROUP BY src_part, minute
    )
  ),
  clicks AS (
    SELECT src_part, minute, src_off, if(disposition = 'Orphan', '', campaign_id) AS campaign,
      if(user_id != '', user_id, device_id) AS visitor
    FROM {db}.events
    WHERE minute >= {from} AND minute < {to} AND (src_part, toStartOfFifteenMinutes(minute)) IN ({keys})
      AND event_type = 'click' AND disposition IN ('Routed', 'Orphan')
  )
SELECT c.src_part AS sp, c.q AS quarter_of, if(e.src_off < c.cut, e.campaign, '') AS campaign_of, any(c.ver),
  uniqCombined64StateIf(14)(e.visitor, e.visitor != '' AND e.src_off < c.cut)
FROM cuts AS c LEFT JOIN clicks AS e ON c.src_part = e.src_part AND c.minute = e.minute
GROUP BY sp, quarter_of, campaign_of
ORDER BY sp, quarter_of
SETTINGS max_insert_threads = 1, min_insert_block_size_rows = 1000000000000, min_insert_block_size_bytes = 0,
  insert_deduplicate = 0, async_insert = 0, join_use_nulls = 0
