package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

// Severity says what a finding means for the author.
type Severity string

const (
	// Error keeps an object, or the form it is written in, out of service.
	Error Severity = "Error"
	// Notice is worth knowing and keeps nothing out.
	Notice Severity = "Notice"
	// NotChecked names what could not be judged without objects of others.
	NotChecked Severity = "NotChecked"
)

// Finding is one thing the author should know.
type Finding struct {
	File      string   `json:"file"`
	Line      int      `json:"line"` // from 1; 0 for the file as a whole
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Field     string   `json:"field"`
	Severity  Severity `json:"severity"`
	Message   string   `json:"message"`
}

// String returns "file:line: field: message". A campaign's test is named in place of its field.
func (f *Finding) String() string {
	if f.Severity == NotChecked {
		return notChecked + f.Message
	}
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(": ")
	}
	if f.Severity == Notice {
		b.WriteString("notice: ")
	}
	if f.Field != "" && !strings.HasPrefix(f.Message, testPrefix) {
		b.WriteString(f.Field + ": ")
	}
	b.WriteString(f.Message)
	return b.String()
}

const (
	// notChecked begins the compiler's messages about what it could not look at.
	notChecked = "not checked: "
	// testPrefix begins messages about a campaign's test.
	testPrefix = `test "`
)

// findingOf turns a problem with its place into a finding.
func findingOf(p *folder.Problem) Finding {
	f := Finding{
		File: p.File, Line: p.Line, Kind: p.Kind, Namespace: p.Namespace, Name: p.Name,
		Field: p.Field, Severity: Error, Message: p.Message,
	}
	if p.Severity == compile.Notice {
		f.Severity = Notice
		if message, ok := strings.CutPrefix(p.Message, notChecked); ok {
			f.Severity, f.Message = NotChecked, message
		}
	}
	return f
}

// ordered sorts by place, what could not be checked last, and drops what is there twice. What could
// not be checked is named once, wherever it is needed.
func ordered(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank(a.Severity), rank(b.Severity)),
			strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Field, b.Field), strings.Compare(a.Message, b.Message))
	})
	seen := map[Finding]bool{}
	return slices.DeleteFunc(list, func(f Finding) bool {
		key := f
		if f.Severity == NotChecked {
			key = Finding{Severity: NotChecked, Message: f.Message}
		}
		twice := seen[key]
		seen[key] = true
		return twice
	})
}

func rank(s Severity) int {
	if s == NotChecked {
		return 1
	}
	return 0
}
