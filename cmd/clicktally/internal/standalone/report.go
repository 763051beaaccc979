package standalone

import (
	"fmt"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
	"github.com/clicktally/clicktally/runtime/catalog/local"
)

// maxNamed bounds the records that one line names.
const maxNamed = 3

// reported prints what a pass over the folder found: what is new, and what follows from it.
func (s *Standalone) reported(r local.Report) {
	s.sayProblems(r.Problems)
	if r.Err != nil {
		fmt.Fprintf(s.config.Out, "the folder could not be published, what was published before goes on: %v\n", r.Err)
		return
	}
	if s.latest.Swap(&r) == nil {
		s.first <- r
		return
	}
	fmt.Fprintf(s.config.Out, "%s  %s: %s\n", time.Now().Format(time.TimeOnly), loaded(&r), consequence(&r))
}

// sayProblems prints each problem once, until it was gone for a pass.
func (s *Standalone) sayProblems(problems []folder.Problem) {
	now := make(map[string]bool, len(problems))
	for _, p := range problems {
		line := p.String()
		if !s.said[line] && !now[line] {
			fmt.Fprintln(s.config.Out, line)
		}
		now[line] = true
	}
	s.said = now
}

// consequence says what a change of the folder did.
func consequence(r *local.Report) string {
	text := fmt.Sprintf("%d changed and live", len(r.Changed))
	if files := filesWithErrors(r.Problems); files > 0 {
		text += fmt.Sprintf("; errors in %s: what is wrong there keeps its last accepted form", count(files, "file", "files"))
	}
	if kept := len(r.Result.Absent); kept > 0 {
		text += fmt.Sprintf("; %s no longer in the folder, kept until every file can be read: %s",
			count(kept, "record", "records"), strings.Join(r.Result.Absent[:min(kept, maxNamed)], ", "))
	}
	return text + started(r)
}

func filesWithErrors(problems []folder.Problem) int {
	files := map[string]bool{}
	for _, p := range problems {
		if p.Severity == compile.Error {
			files[p.File] = true
		}
	}
	return len(files)
}

// loaded counts what was read.
func loaded(r *local.Report) string {
	return count(len(r.Set.Objects.Campaigns), "campaign", "campaigns") + ", " +
		count(len(r.Set.Objects.Policies), "policy", "policies") + " loaded"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
