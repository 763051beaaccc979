package folder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Problem is a problem with the place it was written at.
type Problem struct {
	compile.Problem

	File string // as it was reached from the folder's path; empty when there is none
	Line int    // from 1; 0 for the file as a whole
}

// String returns "file:line: field: message".
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// SortProblems orders problems by file, line, field and message.
func SortProblems(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Field, b.Field), strings.Compare(a.Message, b.Message))
	})
}
