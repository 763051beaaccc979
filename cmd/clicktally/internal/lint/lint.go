// Package lint judges YAML before it reaches a cluster: by the schema of the kinds, by the catalog's
// compiler, and by the tests that campaigns carry.
package lint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

// Config says what to judge.
type Config struct {
	Paths    []string // files and folders to judge
	Platform []string // files and folders of others that these refer to
	Now      time.Time
}

// Report is what was found.
type Report struct {
	// Findings are sorted by place, and those about what was not checked come last.
	Findings []Finding
	Files    int // that were judged
}

// Check judges files. The files are taken for all there is when an AggregationPipeline is among them;
// otherwise a reference to something missing is not checked. An error means that nothing was judged.
func Check(ctx context.Context, config Config) (*Report, error) {
	for _, path := range slices.Concat(config.Paths, config.Platform) {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("read YAML: %w", err)
		}
	}
	schema, err := crd.NewValidator()
	if err != nil {
		return nil, err
	}
	written := (&folder.Loader{Schema: schema}).Load(ctx, config.Paths...)
	if written.Files == 0 {
		return nil, fmt.Errorf("there is no YAML file in %s", strings.Join(config.Paths, ", "))
	}
	corrected := &repairing{Schema: schema, broken: map[compile.Ref]field.ErrorList{}}
	all := (&folder.Loader{Schema: corrected}).Load(ctx, slices.Concat(config.Platform, config.Paths)...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	c := &check{config: config, set: all}
	unlabelled := admitUnknown(&all.Objects)
	compiled := c.compile()
	reading := slices.Concat(written.Problems, all.Problems, corrected.problems(all))
	c.add(withoutTwins(reading, compiled))
	c.add(withoutBroken(compiled, all.Objects.Broken))
	c.findings = append(c.findings, unlabelled...)
	c.findings = append(c.findings, c.tests()...)
	return &Report{Findings: ordered(c.findings), Files: written.Files}, nil
}

// check is the work on one set of files.
type check struct {
	config   Config
	set      *folder.Set
	results  []compile.Result // one for each pipeline
	findings []Finding
}

// compile compiles for every pipeline and returns the problems of all.
func (c *check) compile() []folder.Problem {
	pipelines := compile.PipelinesOf(c.set.Objects)
	objects := c.set.Objects
	objects.Standalone = true // in this version only standalone serves these kinds
	objects.Partial = len(pipelines) == 0
	if objects.Partial {
		pipelines = []string{""}
	}
	var list []folder.Problem
	for _, pipeline := range pipelines {
		objects.Pipeline = pipeline
		result := compile.Compile(objects)
		c.results = append(c.results, result)
		for _, p := range result.Problems {
			list = append(list, c.set.Locate(p))
		}
	}
	return list
}

// add takes over problems. Those in the files of others are theirs to correct: they are named as what
// could not be relied on.
func (c *check) add(problems []folder.Problem) {
	for i := range problems {
		f := findingOf(&problems[i])
		if !c.judges(f.File) {
			if f.Severity != Error {
				continue
			}
			f.Severity, f.Message = NotChecked, "what refers to "+f.String()
		}
		c.findings = append(c.findings, f)
	}
}

// judges reports whether a file is one that was asked about.
func (c *check) judges(file string) bool {
	return slices.ContainsFunc(c.config.Paths, func(path string) bool {
		path = filepath.Clean(path)
		return path == "." && !strings.HasPrefix(file, "..") && !filepath.IsAbs(file) ||
			file == path || strings.HasPrefix(filepath.Clean(file), path+string(filepath.Separator))
	})
}

// withoutTwins drops what the schema says where the compiler says the same with more detail: at the
// field or below it.
func withoutTwins(reading, compiled []folder.Problem) []folder.Problem {
	return slices.DeleteFunc(reading, func(p folder.Problem) bool {
		return p.Field != "" && slices.ContainsFunc(compiled, func(other folder.Problem) bool {
			rest, within := strings.CutPrefix(other.Field, p.Field)
			return within && (rest == "" || rest[0] == '.' || rest[0] == '[') &&
				other.Severity == compile.Error && p.Severity == compile.Error && other.Ref == p.Ref
		})
	})
}

// withoutBroken drops complaints about missing objects that are there and have problems of their own.
func withoutBroken(compiled []folder.Problem, broken map[compile.Ref]bool) []folder.Problem {
	return slices.DeleteFunc(compiled, func(p folder.Problem) bool {
		for ref := range broken {
			if strings.Contains(p.Message, ref.String()+" ") {
				return true
			}
		}
		return false
	})
}
