package folder

import (
	"context"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// parseFile reads every document of a file on its own, so that a mistake in one leaves the others.
// before is the file as it was read last: what cannot be read now keeps that form.
func parseFile(ctx context.Context, schema Schema, path, text string, now stamp, before *file) *file {
	f := &file{stamp: now}
	old := map[compile.Ref]*document{}
	for _, d := range before.documents {
		old[d.ref] = d
	}
	seen := map[compile.Ref]bool{}
	for _, part := range split(text) {
		root, content, err := parse(part.text)
		if err != nil {
			p := asPositioned(err)
			f.problems = append(f.problems, locate(path, part.first, p))
			f.unreadable = true
			continue
		}
		if content == nil {
			continue
		}
		d, ours, problem := newDocument(path, part.first, root, content)
		if problem != nil {
			f.problems = append(f.problems, *problem)
			f.unreadable = f.unreadable || problem.Severity == compile.Error
		}
		if !ours {
			continue
		}
		seen[d.ref] = true
		f.take(d, old[d.ref], d.decode(ctx, schema, old[d.ref]))
	}
	if f.unreadable {
		for _, d := range before.documents {
			if !seen[d.ref] {
				f.documents = append(f.documents, d)
			}
		}
	}
	return f
}

// take keeps a document, or its former self when it has problems.
func (f *file) take(d, old *document, problems []Problem) {
	f.problems = append(f.problems, problems...)
	switch {
	case len(problems) == 0:
		f.documents = append(f.documents, d)
	case old != nil:
		f.documents = append(f.documents, old)
	default:
		f.broken = append(f.broken, d.ref)
	}
}

func locate(path string, first int, p *positioned) Problem {
	problem := fileProblem(path, first+max(p.line, 1)-1, p.message)
	problem.Field = p.field
	return problem
}

// part is the text of one document and the line of the file at which it begins.
type part struct {
	text  string
	first int
}

// split cuts a file at its separators. A line that begins with "---" can be nothing else: block
// scalars and flow collections below a key are indented.
func split(text string) []part {
	var parts []part
	var current strings.Builder
	first, number := 1, 0
	for line := range strings.Lines(text) {
		number++
		if bare := strings.TrimRight(line, "\r\n"); bare == "---" || strings.HasPrefix(bare, "--- ") {
			parts = append(parts, part{current.String(), first})
			current.Reset()
			// What follows on the line of the separator belongs to the document.
			current.WriteString("   " + strings.TrimPrefix(line, "---"))
			first = number
			continue
		}
		current.WriteString(line)
	}
	return append(parts, part{current.String(), first})
}
