// Package store is the one place that knows the names and layouts of what ClickTally keeps in
// ClickHouse and Redis: tables and the SQL over them, keys and the script that writes them. The Kafka
// topics have a package of their own below it.
package store

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

//go:embed schema.sql
var schemaSQL string

// Retention says for how many days ClickHouse keeps what; zero values take the defaults of design 4.
type Retention struct {
	RawDays       int // raw events and minute rows; raw is kept 7 days longer
	AggregateDays int // roll-ups, conversions, sessions
	FraudLogDays  int // flagged clicks
}

// WithDefaults fills in what is zero: 90 days of raw, 2 years of aggregates, 1 year of fraud log.
func (r Retention) WithDefaults() Retention {
	if r.RawDays == 0 {
		r.RawDays = 90
	}
	if r.AggregateDays == 0 {
		r.AggregateDays = 730
	}
	if r.FraudLogDays == 0 {
		r.FraudLogDays = 365
	}
	return r
}

// Schema returns the statements that create every table of one database, in order. Running them
// again changes nothing.
func Schema(db string, retention Retention) []string {
	r := retention.WithDefaults()
	text := strings.NewReplacer(
		"{db}", Quote(db),
		"{raw_days}", strconv.Itoa(r.RawDays),
		"{aggregate_days}", strconv.Itoa(r.AggregateDays),
		"{fraud_log_days}", strconv.Itoa(r.FraudLogDays),
	).Replace(schemaSQL)
	statements := []string{"CREATE DATABASE IF NOT EXISTS " + Quote(db)}
	for part := range strings.SplitSeq(text, "\n;\n") {
		if part = strings.TrimSpace(part); part != "" {
			statements = append(statements, part)
		}
	}
	return statements
}

// EnsureSchema creates the database and its tables where they are missing. Tables that exist are left as they are:
// when they are not those of this version, the error is ErrOtherSchema.
func EnsureSchema(ctx context.Context, conn driver.Conn, db string, retention Retention) error {
	if err := CheckSchema(ctx, conn, db); err != nil {
		return err
	}
	for _, statement := range Schema(db, retention) {
		if err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("create the tables of database %s: %w", db, err)
		}
	}
	return nil
}

// Quote makes a ClickHouse identifier out of a name, whatever it holds.
func Quote(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}
