package query_test

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/query"
)

func serverWithoutHistory(t *testing.T) query.Config {
	return query.Config{Redis: noRedis(t), Catalog: twoPartitions, HistoryHint: "run `make chdb`"}
}
