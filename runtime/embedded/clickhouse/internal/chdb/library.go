// Package chdb calls libchdb, the ClickHouse engine as a shared library, without cgo.
//
// The engine serves one data path per process and installs process-wide state, so only a process of its own may load it
// (package child). Several connections to that path run statements at the same time; one connection runs one statement at a time.
package chdb

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Library is a loaded libchdb: the C functions that this package uses.
type Library struct {
	connect    func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	closeConn  func(conn unsafe.Pointer)
	setSignals func(enabled int32)

	query        func(conn uintptr, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	streamInsert func(conn uintptr, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	streamAppend func(stream uintptr, data unsafe.Pointer, n uintptr) int32
	streamDone   func(stream uintptr) uintptr
	streamCancel func(stream uintptr)
	streamError  func(stream uintptr) string
	streamFree   func(stream uintptr)

	resultBuffer       func(result uintptr) unsafe.Pointer
	resultLength       func(result uintptr) uintptr
	resultError        func(result uintptr) string
	resultRows         func(result uintptr) uint64
	resultBytes        func(result uintptr) uint64
	resultStorageRows  func(result uintptr) uint64
	resultStorageBytes func(result uintptr) uint64
	resultRowsWritten  func(result uintptr) uint64
	resultBytesWritten func(result uintptr) uint64
	resultElapsed      func(result uintptr) float64
	resultFree         func(result uintptr)
}

// Load opens libchdb.so at path and keeps the engine from installing signal handlers.
// The error names the missing symbol when the file is another version than this package was written for.
func Load(path string) (*Library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	lib := &Library{}
	var missing []error
	for name, target := range lib.symbols() {
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			missing = append(missing, fmt.Errorf("load %s: %w", path, err))
			continue
		}
		purego.RegisterFunc(target, address)
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	lib.setSignals(0)
	return lib, nil
}

func (l *Library) symbols() map[string]any {
	return map[string]any{
		"chdb_connect":                     &l.connect,
		"chdb_close_conn":                  &l.closeConn,
		"chdb_set_signal_handlers_enabled": &l.setSignals,
		"chdb_query_with_params_n":         &l.query,
		"chdb_stream_insert_with_params_n": &l.streamInsert,
		"chdb_stream_append":               &l.streamAppend,
		"chdb_stream_done":                 &l.streamDone,
		"chdb_stream_cancel_insert":        &l.streamCancel,
		"chdb_stream_insert_error":         &l.streamError,
		"chdb_destroy_insert_stream":       &l.streamFree,
		"chdb_result_buffer":               &l.resultBuffer,
		"chdb_result_length":               &l.resultLength,
		"chdb_result_error":                &l.resultError,
		"chdb_result_rows_read":            &l.resultRows,
		"chdb_result_bytes_read":           &l.resultBytes,
		"chdb_result_storage_rows_read":    &l.resultStorageRows,
		"chdb_result_storage_bytes_read":   &l.resultStorageBytes,
		"chdb_result_rows_written":         &l.resultRowsWritten,
		"chdb_result_bytes_written":        &l.resultBytesWritten,
		"chdb_result_elapsed":              &l.resultElapsed,
		"chdb_destroy_query_result":        &l.resultFree,
	}
}
