-- Sessions of one UTC day, {day} in unix seconds: per visitor and campaign, cut by {gap} ms without
-- an event, and at midnight. Hours that held sessions before and hold none now are written as zeros.
INSERT INTO {db}.sessions (hour, campaign_id, ver, sessions, events, clicks, duration_ms, bounced)
WITH
  once AS (
    SELECT if(disposition = 'Orphan', '', campaign_id) AS campaign, if(user_id != '', user_id, device_id) AS visitor,
      toUnixTimestamp64Milli(timestamp) AS at, event_type = 'click' AS click
    FROM {db}.events FINAL
    WHERE minute >= toDateTime({day}, 'UTC') AND minute < toDateTime({day} + 86400, 'UTC')
      AND disposition != 'Test' AND (user_id != '' OR device_id != '')
    ORDER BY src_part, minute, src_off
    LIMIT 1 BY src_part, minute, identity
  ),
  visits AS (SELECT campaign, visitor, arraySort(groupArray((at, click))) AS seen FROM once GROUP BY campaign, visitor),
  found AS (
    SELECT campaign,
      arrayJoin(arraySplit((e, pause) -> pause > {gap}, seen, arrayDifference(arrayMap(e -> e.1, seen)))) AS session
    FROM visits
  ),
  counted AS (
    SELECT toStartOfHour(fromUnixTimestamp64Milli(session[1].1, 'UTC')) AS h, campaign,
      count() AS n, sum(length(session)) AS n_events, sum(arraySum(arrayMap(e -> e.2, session))) AS n_clicks,
      sum(session[-1].1 - session[1].1) AS n_duration, countIf(length(session) = 1) AS n_bounced
    FROM found GROUP BY h, campaign
    UNION ALL
    SELECT hour, campaign_id, 0, 0, 0, 0, 0 FROM {db}.sessions FINAL
    WHERE hour >= toDateTime({day}, 'UTC') AND hour < toDateTime({day} + 86400, 'UTC')
  )
SELECT h, campaign, {ver}, sum(n), sum(n_events), sum(n_clicks), sum(n_duration), sum(n_bounced)
FROM counted GROUP BY h, campaign
SETTINGS insert_deduplicate = 0, async_insert = 0
