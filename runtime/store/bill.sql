-- Billable totals of one stretch of a period over raw alone (design 6.5): event minutes in [{from}, {to}), each src_part
-- below its cut, each identity once at its lowest offset. {source} is table events or its archive.
SELECT
  advertiser_id AS advertiser,
  if(disposition = 'Orphan', '', campaign_id) AS campaign,
  if(bitAnd(named, 1) != 0, ad_id, if(ad_id = '', '', {other})) AS ad,
  if(bitAnd(named, 2) != 0, publisher_id, if(publisher_id = '', '', {other})) AS publisher,
  if(disposition = 'Routed', price_currency, '') AS currency,
  [countIf(bucket = 1), countIf(bucket = 2), countIf(bucket = 3), countIf(bucket = 4), countIf(bucket = 5)] AS clicks,
  [sumIf(price, bucket = 1), sumIf(price, bucket = 2), sumIf(price, bucket = 3), sumIf(price, bucket = 4), sumIf(price, bucket = 5)] AS micros,
  countIf(disposition = 'Test') AS clicks_test,
  countIf(disposition = 'Closed') AS clicks_closed,
  groupUniqArray(policy_digest) AS policies
FROM (
  SELECT e.*, toInt128(if(e.disposition = 'Routed', e.price_micros, 0)) AS price,
    multiIf(
      e.disposition IN ('Test', 'Closed'), 0,
      e.status NOT IN ('Suspicious', 'Fraudulent'), 1,
      if(e.status = 'Suspicious', 2, 4) +
        -- General when any general reason counts: sophisticated is what lists and parameters do not find.
        if(arrayExists((reason, points) -> points > 0 AND reason IN ({general}), e.reasons, e.reason_points), 0, 1)) AS bucket
  FROM (
    SELECT {columns} FROM {source}
    WHERE minute >= {from} AND minute < {to} AND src_part IN ({parts})
      AND src_off < transform(src_part, [{parts}], [{cuts}], toUInt64(0)) AND event_type = 'click'
    ORDER BY src_part, minute, src_off
    LIMIT 1 BY src_part, minute, identity
  ) AS e
)
GROUP BY advertiser, campaign, ad, publisher, currency
