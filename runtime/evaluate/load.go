package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

// Config is what folders of YAML configure.
type Config struct {
	objects  *compile.Objects
	problems []folder.Problem // that keep an object out
	pipeline []*catalog.Catalog
	folders  []string
}

// Load reads and compiles folders as the tracker's configuration would be, for every pipeline in them.
// An object with problems is left out.
func Load(ctx context.Context, folders ...string) (*Config, error) {
	schema, err := crd.NewValidator()
	if err != nil {
		return nil, err
	}
	set := (&folder.Loader{Schema: schema}).Load(ctx, folders...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if set.Files == 0 {
		return nil, fmt.Errorf("there is no YAML file in %s", strings.Join(folders, ", "))
	}
	c := &Config{objects: &set.Objects, problems: set.Problems, folders: folders}
	pipelines := compile.PipelinesOf(set.Objects)
	objects := set.Objects
	if objects.Partial = len(pipelines) == 0; objects.Partial {
		pipelines = []string{""}
	}
	for _, objects.Pipeline = range pipelines {
		result := compile.Compile(objects)
		c.pipeline = append(c.pipeline, Catalog(&result))
		for _, p := range result.Problems {
			c.problems = append(c.problems, set.Locate(p))
		}
	}
	c.problems = slices.DeleteFunc(c.problems, func(p folder.Problem) bool { return p.Severity != compile.Error })
	return c, nil
}

// evaluator chooses the tracker of a click: the one that is asked for, else the first of the campaign
// under id, else the only one.
func (c *Config) evaluator(tracker, id string) (*Evaluator, error) {
	var all []string
	for _, served := range c.pipeline {
		for t := range served.Trackers() {
			all = append(all, t.Key())
		}
		campaign := served.Campaign(id)
		if campaign == nil || tracker != "" {
			continue
		}
		for _, key := range campaign.GetTrackers() {
			if served.Tracker(key) != nil {
				return New(served, key)
			}
		}
		return nil, fmt.Errorf("campaign %s/%s is served by Tracker %s, which is not among the given files: add the platform's with -f",
			campaign.GetNamespace(), campaign.GetName(), strings.Join(campaign.GetTrackers(), ", "))
	}
	slices.Sort(all)
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("there is no Tracker in %s that could serve a click%s", strings.Join(c.folders, ", "), c.because(compile.KindTracker))
	case tracker == "" && len(all) == 1:
		tracker = all[0]
	case tracker == "":
		return nil, fmt.Errorf("say which tracker gets the click by --tracker: %s", strings.Join(all, ", "))
	}
	for _, served := range c.pipeline {
		if served.Tracker(tracker) != nil {
			return New(served, tracker)
		}
	}
	return nil, fmt.Errorf("--tracker: there is no Tracker %s, only %s", tracker, strings.Join(all, ", "))
}

// refused returns an error when a campaign has the id and is left out for its problems: it would not
// be served as it is written.
func (c *Config) refused(id string) error {
	for _, o := range c.objects.Campaigns {
		if id == "" || string(o.Spec.ID) != id && (o.Spec.ID != "" || o.GetName() != id) {
			continue
		}
		ref := compile.Ref{Kind: compile.KindCampaign, Namespace: o.GetNamespace(), Name: o.GetName()}
		if first := c.first(func(p *folder.Problem) bool { return p.Ref == ref }); first != "" {
			return fmt.Errorf("%s is not served as it is written: %s", ref, first)
		}
	}
	for ref := range c.objects.Broken {
		if ref.Kind == compile.KindCampaign && ref.Name == id {
			return fmt.Errorf("%s cannot be read: %s", ref, c.first(func(p *folder.Problem) bool { return p.Ref == ref }))
		}
	}
	return nil
}

// because is the first problem of a kind, for the end of a sentence.
func (c *Config) because(kind string) string {
	if first := c.first(func(p *folder.Problem) bool { return p.Kind == kind }); first != "" {
		return ": " + first
	}
	return ""
}

// first is the first problem that is meant, and how many more there are.
func (c *Config) first(meant func(*folder.Problem) bool) string {
	first, more := "", 0
	for i := range c.problems {
		switch p := &c.problems[i]; {
		case !meant(p):
		case first == "":
			first = p.String()
		default:
			more++
		}
	}
	if more > 0 {
		first += fmt.Sprintf(" (and %d more: see clicktally lint)", more)
	}
	return first
}

// written returns the objects that were written for a campaign and its tracker, nil for none.
func (c *Config) written(campaign *catalog.Campaign, tracker *catalog.Tracker) (*v1alpha1.Campaign, *v1alpha1.Tracker) {
	var ofCampaign *v1alpha1.Campaign
	for _, o := range c.objects.Campaigns {
		if o.GetNamespace() == campaign.GetNamespace() && o.GetName() == campaign.GetName() {
			ofCampaign = o
		}
	}
	var ofTracker *v1alpha1.Tracker
	for _, o := range c.objects.Trackers {
		if o.GetNamespace() == tracker.GetNamespace() && o.GetName() == tracker.GetName() {
			ofTracker = o
		}
	}
	return ofCampaign, ofTracker
}
