CREATE DATABASE IF NOT EXISTS `clicktally` ON CLUSTER `main`
;
CREATE DATABASE IF NOT EXISTS `clicktally_all` ON CLUSTER `main`
;
-- Minute rows: absolute values computed over raw of one src_part below a cut. ver = epoch<<48 | cut.
-- All rows of one minute are one block; a row counts only once its minute is marked at its ver or a
-- lower one (readers: store.MinutesAtMarks).
CREATE TABLE IF NOT EXISTS `clicktally`.minutes ON CLUSTER `main` (
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
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/clicktally/minutes', '{replica}', ver)
PARTITION BY toMonday(minute)
ORDER BY (src_part, minute, campaign_id, ad_id, advertiser_id, publisher_id, ts_id, country, region, device_type, price_currency, cost_currency)
TTL minute + toIntervalDay(90 + 1) -- a day more, so that roll-ups find whole quarters
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- How far each partition is: everything logged until complete_until is loaded and in marked minutes.
-- It never goes back: what arrives later for an older minute is in `dirty` until that minute is computed again,
-- and the furthest row wins, the last of equal ones: a worker that was paused while another took over is behind.
CREATE TABLE IF NOT EXISTS `clicktally`.progress ON CLUSTER `main` (
  src_part UInt32,
  complete_until DateTime64(3, 'UTC'),
  loaded_off UInt64,
  dirty UInt64,                       -- minutes that a manifest touched above their mark's cut
  written DateTime64(3, 'UTC')
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/clicktally/progress', '{replica}', complete_until)
ORDER BY src_part
;
-- Own clicks by id, for attribution; filled before the manifest, kept 30 days and a margin.
CREATE TABLE IF NOT EXISTS `clicktally`.click_lookup ON CLUSTER `main` (
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
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/clicktally/click_lookup', '{replica}')
PARTITION BY toMonday(hour)
ORDER BY (hour, event_id)
TTL hour + toIntervalDay(37)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
-- Sealed revisions (design 6.5), one row each, created once: an insert carries period and revision as its
-- deduplication token, so that of two writers ClickHouse takes the first. Nothing expires.
CREATE TABLE IF NOT EXISTS `clicktally`.sealed ON CLUSTER `main` (
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
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/clicktally/sealed', '{replica}')
ORDER BY (period, revision)
SETTINGS non_replicated_deduplication_window = 1000000, replicated_deduplication_window = 1000000,
  replicated_deduplication_window_seconds = 315360000, fsync_after_insert = 1, fsync_part_directory = 1
;
CREATE TABLE IF NOT EXISTS `clicktally_all`.minutes ON CLUSTER `main` AS `clicktally`.minutes
ENGINE = Distributed('main', 'clicktally', 'minutes')
;
CREATE TABLE IF NOT EXISTS `clicktally_all`.progress ON CLUSTER `main` AS `clicktally`.progress
ENGINE = Distributed('main', 'clicktally', 'progress')
;
CREATE TABLE IF NOT EXISTS `clicktally_all`.click_lookup ON CLUSTER `main` AS `clicktally`.click_lookup
ENGINE = Distributed('main', 'clicktally', 'click_lookup')
;
CREATE TABLE IF NOT EXISTS `clicktally_all`.sealed ON CLUSTER `main` AS `clicktally`.sealed
ENGINE = Distributed('main', 'clicktally', 'sealed')
