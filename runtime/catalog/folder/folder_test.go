package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

const good = `apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: NAME, namespace: ads-emea}
spec:
  trackerRefs: [{name: eu, namespace: clicktally}]
  advertiser: adv-789
  safePageURL: https://shop.example.org/
`

func campaign(name string) string { return strings.ReplaceAll(good, "NAME", name) }

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// newValidator is shared: its rules are compiled once.
var newValidator = sync.OnceValues(crd.NewValidator)

func validator(t *testing.T) folder.Schema {
	t.Helper()
	v, err := newValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func texts(dir string, problems []folder.Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, strings.TrimPrefix(p.String(), dir+"/"))
	}
	return list
}

func names(o *compile.Objects) []string {
	var list []string
	for _, c := range o.Campaigns {
		list = append(list, c.Name)
	}
	return list
}

func TestProblemsNameFileLineFieldAndReason(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"an amount without quotes":         {campaign("a") + "  price:\n    model: CPC\n    amount: 0.50\n    currency: USD\n", `a.yaml:10: spec.price.amount: write "0.50" in quotes`},
		"a whole amount without quotes":    {campaign("a") + "  price: {model: CPC, amount: 5, currency: USD}\n", `a.yaml:8: spec.price.amount: write "5" in quotes`},
		"an unknown field":                 {campaign("a") + "  offerPageUrl: https://shop.example.org/\n", `a.yaml:8: spec.offerPageUrl: `},
		"a missing field has its parent's": {strings.Replace(campaign("a"), "  advertiser: adv-789\n", "", 1), "a.yaml:4: spec.advertiser: is required"},
		"a field of the second document":   {"# one\n---\n" + campaign("a") + "---\n" + strings.Replace(campaign("b"), "adv-789", "not an id", 1), "a.yaml:16: spec.advertiser: "},
		"an element of a list":             {campaign("a") + "  offers:\n  - {id: x, url: \"https://shop.example.org/\"}\n  - id: z\n    url: nowhere\n", "a.yaml:11: spec.offers[1].url: "},
		"a rule over several fields":       {campaign("a") + "  offers: [{id: x, url: \"https://shop.example.org/\"}]\n  routing:\n  - name: all\n    split:\n    - {offer: x, weight: 9000}\n", "a.yaml:11: spec.routing[0].split: weights add up to 9000, must be 10000"},
		"YAML that does not parse":         {campaign("a") + "  broken: [\n", "a.yaml:8: not valid YAML: "},
		"a key that is there twice":        {campaign("a") + "  advertiser: other\n", "a.yaml:8: spec.advertiser: is there twice"},
		"Norway without quotes":            {campaign("a") + "  targeting:\n    countries: [SE,\n      NO]\n", `a.yaml:10: spec.targeting.countries[1]: write "NO" in quotes: YAML reads it as true or false`},
		"text that is no object":           {"just text\n", "a.yaml:1: is not an object"},
		"an object without kind":           {"a: b\n", "a.yaml:1: is no object: apiVersion and kind are required"},
		"a kind of ours that is not there": {"apiVersion: clicktally.dev/v1alpha1\nkind: Campaing\nmetadata: {name: a}\n", "a.yaml:2: kind: clicktally.dev/v1alpha1 has no kind \"Campaing\""},
		"a kind of somebody else":          {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n", "a.yaml:2: kind: Deployment of apps/v1 is not read by ClickTally"},
	}
	schema := validator(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"a.yaml": tc.text})
			set := (&folder.Loader{Schema: schema}).Load(t.Context(), dir)
			got := texts(dir, set.Problems)
			if len(got) == 0 || !strings.HasPrefix(got[0], tc.want) {
				t.Errorf("got  %q\nwant %q first", got, tc.want)
			}
		})
	}
}

func TestWithoutASchemaDecodingIsStrict(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": campaign("a") + "  offerPageUrl: x\n"})
	set := (&folder.Loader{}).Load(t.Context(), dir)
	if diff := cmp.Diff([]string{"a.yaml:8: spec.offerPageUrl: is no known field"}, texts(dir, set.Problems)); diff != "" {
		t.Error(diff)
	}
}

func TestAMistakeLeavesTheOthersAndTheFormBefore(t *testing.T) {
	dir := t.TempDir()
	loader := &folder.Loader{Schema: validator(t)}
	write(t, dir, map[string]string{"a.yaml": campaign("a") + "---\n" + campaign("b"), "sub/c.yml": campaign("c"), "d.txt": "no", ".hidden.yaml": "]["})
	set := loader.Load(t.Context(), dir)
	if diff := cmp.Diff([]string{"a", "b", "c"}, names(&set.Objects)); diff != "" || len(set.Problems) > 0 || !set.Objects.Complete {
		t.Fatalf("%s%v complete=%v", diff, set.Problems, set.Objects.Complete)
	}
	first := set.Objects.Campaigns[0]

	write(t, dir, map[string]string{"a.yaml": strings.Replace(campaign("a"), "adv-789", "not an id", 1) + "---\n" + campaign("b") + "  state: Paused\n"})
	set = loader.Load(t.Context(), dir)
	if len(set.Problems) == 0 || set.Objects.Campaigns[0] != first || set.Objects.Campaigns[1].Spec.State != "Paused" {
		t.Errorf("after a wrong field: %v, first campaign kept: %v", texts(dir, set.Problems), set.Objects.Campaigns[0] == first)
	}
	if !set.Objects.Complete || set.Files != 2 || set.BadFiles != 1 {
		t.Errorf("an identified mistake leaves the folder complete: %v, %d of %d files", set.Objects.Complete, set.BadFiles, set.Files)
	}

	write(t, dir, map[string]string{"a.yaml": "][\n---\n" + campaign("b")})
	set = loader.Load(t.Context(), dir)
	if diff := cmp.Diff([]string{"b", "a", "c"}, names(&set.Objects)); diff != "" || set.Objects.Complete {
		t.Errorf("after bad YAML: %s complete=%v", diff, set.Objects.Complete)
	}

	if err := os.Remove(filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	set = loader.Load(t.Context(), dir)
	if diff := cmp.Diff([]string{"c"}, names(&set.Objects)); diff != "" || !set.Objects.Complete {
		t.Errorf("after a removal: %s complete=%v", diff, set.Objects.Complete)
	}
	if err := os.RemoveAll(filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	if set = loader.Load(t.Context(), dir); set.Objects.Complete {
		t.Error("an empty folder proves deletions")
	}
	if set = loader.Load(t.Context(), dir+"/nowhere"); set.Objects.Complete || len(set.Problems) != 1 {
		t.Errorf("a folder that is not there: complete=%v %v", set.Objects.Complete, set.Problems)
	}
}

func TestAnObjectThatWasNeverGoodIsBrokenNotGone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": strings.Replace(campaign("a"), "adv-789", "not an id", 1), "b.yaml": campaign("b")})
	set := (&folder.Loader{Schema: validator(t)}).Load(t.Context(), dir)
	want := map[compile.Ref]bool{{Kind: "Campaign", Namespace: "ads-emea", Name: "a"}: true}
	if diff := cmp.Diff(want, set.Objects.Broken); diff != "" || !set.Objects.Complete {
		t.Errorf("%s complete=%v", diff, set.Objects.Complete)
	}
}

func TestTheSecondObjectOfANameIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": campaign("a"), "b.yaml": campaign("a")})
	set := (&folder.Loader{}).Load(t.Context(), dir)
	want := []string{"b.yaml:3: metadata.name: Campaign ads-emea/a is also at " + dir + "/a.yaml:3, which is used"}
	if diff := cmp.Diff(want, texts(dir, set.Problems)); diff != "" || len(set.Objects.Campaigns) != 1 {
		t.Error(diff)
	}
}

func TestNamespacesAndSecretsAreRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": `apiVersion: v1
kind: Namespace
metadata: {name: ads-emea, labels: {clicktally.dev/team: ads}}
---
apiVersion: v1
kind: Secret
metadata: {name: propeller, namespace: ads-emea}
stringData: {token: plain}
data: {other: c2VjcmV0}
`})
	set := (&folder.Loader{}).Load(t.Context(), dir)
	want := map[string]map[string][]byte{"ads-emea/propeller": {"token": []byte("plain"), "other": []byte("secret")}}
	if diff := cmp.Diff(want, set.Secrets); diff != "" || len(set.Problems) > 0 {
		t.Errorf("%s%v", diff, set.Problems)
	}
	if got := set.Objects.Namespaces["ads-emea"]["clicktally.dev/team"]; got != "ads" {
		t.Errorf("label %q", got)
	}
}

func TestProblemsOfTheCompilerHaveTheirLine(t *testing.T) {
	campaigns, platform := t.TempDir(), t.TempDir()
	write(t, platform, map[string]string{"p.yaml": platformYAML})
	write(t, campaigns, map[string]string{"spring.yaml": campaign("a") + "  offerPageURL:\n    https://shop.example.net/\n"})
	set := (&folder.Loader{Schema: validator(t)}).Load(t.Context(), campaigns, platform)
	if len(set.Problems) > 0 {
		t.Fatal(set.Problems)
	}
	got := texts(campaigns, set.All(compile.Compile(set.Objects)))
	want := []string{`spring.yaml:8: spec.offerPageURL: host "shop.example.net" is not among tracker clicktally/eu's allowedHosts (*.example.org, www.example.com): ask the tracker's owner, or use an allowed host`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const platformYAML = `apiVersion: clicktally.dev/v1alpha1
kind: AggregationPipeline
metadata: {name: main, namespace: clicktally}
spec:
  kafka: {bootstrapServers: ["kafka:9092"]}
  redis: {addresses: ["redis:6379"]}
  clickHouse: {addresses: ["clickhouse:9000"]}
---
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: eu, namespace: clicktally}
spec:
  pipelineRef: {name: main}
  domains: [t.example.com]
  fallbackURL: https://www.example.com/
  replicas: 1
  allowedCampaigns: {namespaces: {from: All}}
  destinations: {allowedHosts: ["*.example.org", "www.example.com"]}
`

func FuzzLoad(f *testing.F) {
	f.Add(campaign("a"))
	f.Add("a: &a [*a]\n---\n{}\n")
	f.Add("? [a]\n: b\n---\n<<: {a: b}\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		write(t, dir, map[string]string{"a.yaml": text})
		set := (&folder.Loader{}).Load(t.Context(), dir)
		for _, p := range set.All(compile.Compile(set.Objects)) {
			if p.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("%s is beyond the end of the file", p)
			}
		}
	})
}
