package chdb

import (
	"regexp"
	"strconv"
)

// Exception is an error of the engine, with the text a ClickHouse server answers.
type Exception struct {
	// Code is ClickHouse's error number, 1002 (UNKNOWN_EXCEPTION) when the text holds none.
	Code int
	// Message is the whole text: "Code: 60. DB::Exception: ... (UNKNOWN_TABLE)".
	Message string
}

// Error returns the engine's text.
func (e *Exception) Error() string { return e.Message }

const unknownException = 1002

var exceptionCode = regexp.MustCompile(`Code: (\d+)\.`)

func newException(message string) *Exception {
	found := exceptionCode.FindStringSubmatch(message)
	if found == nil {
		return &Exception{Code: unknownException, Message: "Code: 1002. DB::Exception: " + message + " (UNKNOWN_EXCEPTION)"}
	}
	code, err := strconv.Atoi(found[1])
	if err != nil {
		code = unknownException
	}
	return &Exception{Code: code, Message: message}
}
