-- Every table of ClickTally (design 6). One statement ends at a line that holds only `;`.
-- {db} and {raw_days}, {aggregate_days}, {fraud_log_days} are put in by store.Schema.

-- Raw events: a function of the log record alone, so that loading again writes the same row.
-- src_part = generation<<16 | partition; src_off = Kafka offset; minute = minute of event time.
CREATE TABLE IF NOT EXISTS {db}.events (
  src_part UInt32,
  minute DateTime('UTC'),
  src_off UInt64,
  loader UInt16,                      -- version of the loader: the higher one wins
  identity FixedString(16),           -- what is counted once: event.Identity
  event_type LowCardinality(String),  -- click, click_through, impression, page_view, conversion, bounce
  origin LowCardinality(String),      -- Own, Foreign
  event_id String,                    -- own: canonical UUID text; foreign: as stated
  boot_id UInt64,
  counter UInt64,
  made_part UInt32 DEFAULT src_part,  -- where counter counts: another than src_part in an event that was moved to the generation of its time
  settled UInt64,
  format UInt16,
  timestamp DateTime64(3, 'UTC'),
  accepted DateTime64(3, 'UTC'),
  logged DateTime64(3, 'UTC'),        -- timestamp of the Kafka record
  caller LowCardinality(String),
  tracker LowCardinality(String),
  campaign_id LowCardinality(String),
  advertiser_id LowCardinality(String),
  ad_id String,
  publisher_id LowCardinality(String),
  ts_id LowCardinality(String),
  named UInt8,                        -- bits: 1 ad, 2 publisher, 4 source are the campaign's own
  user_id String,                     -- hex
  device_id String,                   -- hex
  ip_address String,
  user_agent LowCardinality(String),
  device_type LowCardinality(String), -- Desktop, Mobile, Tablet, Bot, Other, or empty
  os LowCardinality(String),
  browser LowCardinality(String),
  language LowCardinality(String),
  country LowCardinality(String),
  region LowCardinality(String),
  city LowCardinality(String),
  referer String,
  source LowCardinality(String),
  metadata String,
  click_position UInt32,
  lp_id LowCardinality(String),
  offer_id LowCardinality(String),
  rule LowCardinality(String),
  external_id String,
  subs Array(String),
  destination String,
  disposition LowCardinality(String), -- Routed, Orphan, Closed, Test
  closed_reason LowCardinality(String),
  price_micros Int64,
  price_currency LowCardinality(String),
  cost_micros Int64,
  cost_currency LowCardinality(String),
  revenue_micros Int64,
  revenue_currency LowCardinality(String),
  click_id String,                    -- canonical UUID text of the click this event follows, or empty
  txid String,
  conversion_kind LowCardinality(String),
  conversion_status LowCardinality(String),
  status LowCardinality(String),      -- Valid, Suspicious, Fraudulent, or empty when not scored
  score UInt8,
  reasons Array(String),
  reason_points Array(UInt8),
  verdict String,                     -- the verdict and the signals as JSON, for one click's page and for replays
  signals String,
  policy_digest String,               -- hex
  campaign_generation Int64,
  catalog_offset Int64,
  INDEX accepted_range accepted TYPE minmax GRANULARITY 1 -- the ledger looks for what a process accepted in a period
) ENGINE = ReplacingMergeTree(loader)
PARTITION BY toMonday(minute)
ORDER BY (src_part, minute, src_off)
TTL minute + toIntervalDay({raw_days} + 7)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- What was loaded: one row per flush and src_part, written after all its blocks.
CREATE TABLE IF NOT EXISTS {db}.manifests (
  src_part UInt32,
  from_off UInt64,                    -- first offset covered
  to_off UInt64,                      -- one past the last
  kind LowCardinality(String),        -- Loaded, Lost
  topic_id UUID,
  leader_epoch Int32,
  rows UInt64,                        -- raw rows written
  offsets UInt64,                     -- distinct offsets among them
  dead_letters UInt64,
  moved UInt64,                       -- offsets whose records were produced again to another generation and count there
  minutes Array(DateTime('UTC')),     -- event minutes touched
  written DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(written)
ORDER BY (src_part, from_off, to_off, kind)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Minute rows: absolute values computed over raw of one src_part below a cut. ver = epoch<<48 | cut.
-- All rows of one minute are one block; a row counts only once its minute is marked at its ver or a
-- lower one (readers: store.MinutesAtMarks).
CREATE TABLE IF NOT EXISTS {db}.minutes (
  src_part UInt32,
  minute DateTime('UTC'),
  campaign_id String,                 -- empty for orphans
  ad_id String,                       -- ~other when folded
  advertiser_id String,
  publisher_id String,
  ts_id String,
  country LowCardinality(String),
  region LowCardinality(String),
  device_type LowCardinality(String),
  price_currency LowCardinality(String),
  cost_currency LowCardinality(String),
  ver UInt64,
  impressions UInt64,
  page_views UInt64,
  click_throughs UInt64,
  bounces UInt64,
  conversions UInt64,                 -- conversion events of this minute (their status and click: table conversions)
  clicks_valid UInt64,                -- Routed and Orphan clicks by status
  clicks_suspicious UInt64,
  clicks_fraudulent UInt64,
  clicks_test UInt64,
  clicks_closed UInt64,
  clicks_duplicate UInt64,            -- copies of clicks beyond the first
  duplicates UInt64,                  -- copies of any type beyond the first
  spend_valid Int64,                  -- micros of price_currency; Routed clicks only
  spend_suspicious Int64,
  spend_fraudulent Int64,
  cost Int64                          -- micros of cost_currency
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toMonday(minute)
ORDER BY (src_part, minute, campaign_id, ad_id, advertiser_id, publisher_id, ts_id, country, region, device_type, price_currency, cost_currency)
TTL minute + toIntervalDay({raw_days} + 1) -- a day more, so that roll-ups find whole quarters
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Marks: written after a minute's rows; a minute is used only at its mark.
CREATE TABLE IF NOT EXISTS {db}.marks (
  src_part UInt32,
  minute DateTime('UTC'),
  ver UInt64,
  rows UInt64,
  events UInt64,                      -- distinct identities of the minute
  duplicates UInt64,
  impressions UInt64,
  clicks_valid UInt64,
  clicks_suspicious UInt64,
  clicks_fraudulent UInt64,
  written DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toMonday(minute)
ORDER BY (src_part, minute)
TTL minute + toIntervalDay({raw_days} + 1)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- How far each partition is: everything logged until complete_until is loaded and in marked minutes.
-- It never goes back: what arrives later for an older minute is in `dirty` until that minute is computed again,
-- and the furthest row wins, the last of equal ones: a worker that was paused while another took over is behind.
CREATE TABLE IF NOT EXISTS {db}.progress (
  src_part UInt32,
  complete_until DateTime64(3, 'UTC'),
  loaded_off UInt64,
  dirty UInt64,                       -- minutes that a manifest touched above their mark's cut
  written DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(complete_until)
ORDER BY src_part
;
-- Own clicks by id, for attribution; filled before the manifest, kept 30 days and a margin.
CREATE TABLE IF NOT EXISTS {db}.click_lookup (
  hour DateTime('UTC'),               -- of the id
  event_id String,
  src_part UInt32,
  src_off UInt64,
  timestamp DateTime64(3, 'UTC'),
  campaign_id String,                 -- as counted: empty for orphans
  ad_id String,
  advertiser_id String,
  publisher_id String,
  ts_id String,
  country LowCardinality(String),
  region LowCardinality(String),
  device_type LowCardinality(String),
  disposition LowCardinality(String),
  status LowCardinality(String),
  external_id String
) ENGINE = ReplacingMergeTree
PARTITION BY toMonday(hour)
ORDER BY (hour, event_id)
TTL hour + toIntervalDay(37)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Conversions: dated at the click's time; the last status in log order wins, a traffic source's before any
-- visitor's (ver = offset of the conversion, plus 1<<62 when a source's key proved who said it). One row per
-- identity, at its lowest offset: a further copy, in the log after another status, is not said again
-- (readers: store.ConversionsOnce).
CREATE TABLE IF NOT EXISTS {db}.conversions (
  src_part UInt32,                    -- of the click
  click_time DateTime64(3, 'UTC'),    -- of the click id
  click_id String,
  txid String,                        -- without one there is one conversion per click and kind
  campaign_id String,                 -- as stated: whom the speaker may speak for; another than the click's does not count
  identity FixedString(16),           -- of the conversion event
  copy UInt64,                        -- 2^64-1 - event_off: the first copy wins
  ver UInt64,
  status LowCardinality(String),
  kind LowCardinality(String),
  revenue_micros Int64,
  revenue_currency LowCardinality(String),
  timestamp DateTime64(3, 'UTC'),     -- of the conversion event
  event_part UInt32,                  -- src_part and offset of the record that said so
  event_off UInt64
) ENGINE = ReplacingMergeTree(copy)
PARTITION BY toMonday(click_time)
ORDER BY (src_part, click_id, txid, identity)
TTL toDateTime(click_time) + toIntervalDay({aggregate_days})
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Sessions per (campaign, hour of first event); absolute rows, whole UTC days. Never billed.
CREATE TABLE IF NOT EXISTS {db}.sessions (
  hour DateTime('UTC'),
  campaign_id String,
  ver UInt64,                         -- ms of the computation
  sessions UInt64,
  events UInt64,
  clicks UInt64,
  duration_ms UInt64,                 -- sum over sessions of last minus first event
  bounced UInt64                      -- sessions of one event
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, campaign_id)
TTL hour + toIntervalDay({aggregate_days})
;
-- Flagged clicks, kept longer than raw.
CREATE TABLE IF NOT EXISTS {db}.fraud_log (
  src_part UInt32,
  minute DateTime('UTC'),
  src_off UInt64,
  timestamp DateTime64(3, 'UTC'),
  event_id String,
  campaign_id String,
  advertiser_id String,
  publisher_id String,
  ts_id String,
  status LowCardinality(String),
  score UInt8,
  reasons Array(String),
  signals String,
  policy_digest String
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (src_part, minute, src_off)
TTL minute + toIntervalDay({fraud_log_days})
;
-- Quarter-hours in UTC, which every time zone's hours and days are made of: absolute sums of minute rows at their
-- marks. ver = sum of the vers of the quarter's minutes: each of them only rises, so that of two states of a
-- quarter the later one has the higher sum, also while a raised epoch has reached some minutes only. 15 times
-- 64 bits need 68. All rows of one (src_part, quarter, ver) are one block; only those of the highest ver count
-- (readers: store.QuartersAtLatest).
CREATE TABLE IF NOT EXISTS {db}.quarters (
  src_part UInt32,
  quarter DateTime('UTC'),
  campaign_id String,
  ad_id String,
  advertiser_id String,
  publisher_id String,
  ts_id String,
  country LowCardinality(String),
  region LowCardinality(String),
  device_type LowCardinality(String),
  price_currency LowCardinality(String),
  cost_currency LowCardinality(String),
  ver UInt128,
  impressions UInt64,
  page_views UInt64,
  click_throughs UInt64,
  bounces UInt64,
  conversions UInt64,
  clicks_valid UInt64,
  clicks_suspicious UInt64,
  clicks_fraudulent UInt64,
  clicks_test UInt64,
  clicks_closed UInt64,
  clicks_duplicate UInt64,
  duplicates UInt64,
  spend_valid Int64,
  spend_suspicious Int64,
  spend_fraudulent Int64,
  cost Int64
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(quarter)
ORDER BY (src_part, quarter, campaign_id, ad_id, advertiser_id, publisher_id, ts_id, country, region, device_type, price_currency, cost_currency)
TTL quarter + toIntervalDay({aggregate_days})
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Visitors (user, else device) with a click that counts, per quarter-hour and campaign: mergeable states with an
-- error of about 0.8 %. ver as in quarters; a quarter without visitors has one empty row.
CREATE TABLE IF NOT EXISTS {db}.visitors (
  src_part UInt32,
  quarter DateTime('UTC'),
  campaign_id String,
  ver UInt128,
  visitors AggregateFunction(uniqCombined64(14), String)
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(quarter)
ORDER BY (src_part, quarter, campaign_id)
TTL quarter + toIntervalDay({aggregate_days})
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Days that are over, in a reporting zone, per campaign and advertiser: sums of quarters. ver = sum of their vers.
-- Only the rows of a day's highest ver count (readers: store.DaysAtLatest).
CREATE TABLE IF NOT EXISTS {db}.days (
  zone LowCardinality(String),        -- IANA name
  day Date,
  advertiser_id String,
  campaign_id String,
  price_currency LowCardinality(String),
  cost_currency LowCardinality(String),
  ver UInt128,
  impressions UInt64,
  page_views UInt64,
  click_throughs UInt64,
  bounces UInt64,
  conversions UInt64,
  clicks_valid UInt64,
  clicks_suspicious UInt64,
  clicks_fraudulent UInt64,
  clicks_test UInt64,
  clicks_closed UInt64,
  clicks_duplicate UInt64,
  duplicates UInt64,
  spend_valid Int128,
  spend_suspicious Int128,
  spend_fraudulent Int128,
  cost Int128
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(day)
ORDER BY (zone, day, advertiser_id, campaign_id, price_currency, cost_currency)
TTL day + toIntervalDay({aggregate_days})
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- What processes say about the counters they gave (design 6.2): the last heartbeat of each UTC day per
-- (pod, boot, src_part), a function of that heartbeat alone. A day's row is where the next day's report begins.
CREATE TABLE IF NOT EXISTS {db}.boots (
  boot_id UInt64,
  src_part UInt32,                    -- 4294967295: the boot as a whole, beside its partitions
  pod String,
  day Date,                           -- of the heartbeat
  ver DateTime64(3, 'UTC'),           -- time of the heartbeat
  version LowCardinality(String),
  next UInt64,                        -- the next counter to be given
  settled UInt64,                     -- every lower counter is durable or voided
  voided UInt64,                      -- of those: never acknowledged to anyone
  journaled UInt64,                   -- of those: only in a journal so far
  drained UInt8,                      -- nothing is open any more
  journal_bytes UInt64,
  journal_capacity UInt64,            -- 0 without a journal
  heartbeat_off UInt64                -- offset of the heartbeat
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(day)
ORDER BY (boot_id, src_part, pod, day)
TTL day + toIntervalDay({aggregate_days})
;
-- Dead letters by the place of the record that could not be counted, so that the ledger can name what is not in raw.
CREATE TABLE IF NOT EXISTS {db}.dead_letters (
  src_part UInt32,
  src_off UInt64,
  reason LowCardinality(String),      -- Poison, TooLate, TooEarly, WrongPartition
  readable UInt8,                     -- 1: the columns below are what the record says
  said_part UInt32,                   -- src_part that the record was made for
  boot_id UInt64,
  counter UInt64,
  event_type LowCardinality(String),
  campaign_id String,
  timestamp DateTime64(3, 'UTC'),
  accepted DateTime64(3, 'UTC'),
  written DateTime64(3, 'UTC'),       -- timestamp of the dead letter
  letter_off UInt64                   -- offset of the dead letter
) ENGINE = ReplacingMergeTree(letter_off)
ORDER BY (src_part, src_off)
TTL toDateTime(written) + toIntervalDay({aggregate_days})
;
-- Restatements: who let which minutes be computed again under a raised epoch, why, and what it changed. One row at
-- the start, replaced by one at the end: a row without `finished` was interrupted, and repeating it is the cure.
CREATE TABLE IF NOT EXISTS {db}.restatements (
  id UUID,
  epoch UInt16,                       -- under which its rows are; 0 while it is being raised
  from_time DateTime('UTC'),
  to_time DateTime('UTC'),
  campaign_id String,                 -- whose minutes; empty for all
  reason String,
  who String,
  started DateTime64(3, 'UTC'),
  finished DateTime64(3, 'UTC'),      -- 1970 while it runs
  minutes UInt64,                     -- (src_part, minute) that were computed
  before Map(String, Int64),          -- sums over those minutes by figure; money in micros as `spend_valid USD`
  after Map(String, Int64),
  written DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(written)
ORDER BY (started, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Recoveries: where a partition went on after its log was cut, set back, or made again. [from_off, to_off) is Lost
-- (a manifest of that kind says so too, and only with it the recovery counts), and from to_off on, the record at
-- offset log_off + n of topic topic_id is src_off to_off + n: no src_off ever names two records.
CREATE TABLE IF NOT EXISTS {db}.recoveries (
  src_part UInt32,
  from_off UInt64,
  to_off UInt64,
  log_off UInt64,
  topic_id UUID,
  condition LowCardinality(String),   -- LogTruncated, LogRewound, TopicReplaced
  who String,
  recovered DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(recovered)
ORDER BY (src_part, from_off)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Dead letters that were produced to the log again, by the place of the record that could not be counted.
CREATE TABLE IF NOT EXISTS {db}.replays (
  src_part UInt32,
  src_off UInt64,
  reason LowCardinality(String),      -- of the dead letter
  to_part UInt32,                     -- src_part that it was produced to
  identity FixedString(16),           -- under which it counts, once
  who String,
  replayed DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(replayed)
ORDER BY (src_part, src_off)
TTL toDateTime(replayed) + toIntervalDay({aggregate_days})
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Lines of sealed revisions, each written whole before its revision; those whose hash no revision has are never read.
-- What a visitor states (an ad or publisher that the campaign does not name) is ~other.
CREATE TABLE IF NOT EXISTS {db}.sealed_lines (
  hash FixedString(64),               -- of the content they are part of
  advertiser_id String,
  campaign_id String,                 -- empty for orphans
  ad_id String,
  publisher_id String,
  currency LowCardinality(String),    -- of the price; empty for clicks that have none (orphan, test, closed)
  clicks Array(UInt64),               -- valid, suspicious general, suspicious sophisticated, fraudulent general, fraudulent sophisticated
  micros Array(Int128),               -- of currency, in the same order
  clicks_test UInt64,
  clicks_closed UInt64
) ENGINE = ReplacingMergeTree
ORDER BY (hash, advertiser_id, campaign_id, ad_id, publisher_id, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Sealed revisions (design 6.5), one row each, created once: an insert carries period and revision as its
-- deduplication token, so that of two writers ClickHouse takes the first. Nothing expires.
CREATE TABLE IF NOT EXISTS {db}.sealed (
  period String,                      -- 2026-11@Europe/Berlin
  revision UInt32,                    -- from 1
  from_time DateTime('UTC'),
  to_time DateTime('UTC'),
  zone String,
  hash FixedString(64),               -- SHA-256 of the whole content, hex
  totals FixedString(64),             -- of what is billed and from whom: without cuts
  method UInt16,                      -- how content is derived from raw
  billable Array(String),             -- statuses of clicks that are billed
  cut_parts Array(UInt32),            -- src_parts that the period lies in, by the catalog
  cut_offsets Array(UInt64),          -- raw below these offsets is what was counted
  policies Array(String),             -- digests of fraud policies among the clicks, hex
  lines UInt64,
  overridden Array(String),           -- findings that finance let pass, by name
  who String,
  sealed DateTime64(3, 'UTC')
) ENGINE = MergeTree
ORDER BY (period, revision)
SETTINGS non_replicated_deduplication_window = 1000000, replicated_deduplication_window = 1000000,
  replicated_deduplication_window_seconds = 315360000, fsync_after_insert = 1, fsync_part_directory = 1
;
-- Raw that is in object storage, one row per object, written once the object was read back and found equal.
-- Objects may overlap; a reader takes each (src_part, src_off) once.
CREATE TABLE IF NOT EXISTS {db}.archived (
  src_part UInt32,
  from_off UInt64,
  to_off UInt64,
  object String,                      -- key in the bucket
  rows UInt64,
  content String,                     -- check over all rows and columns, in any order
  written DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(written)
ORDER BY (src_part, from_off, to_off)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
