package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/lint"
)

const samples = "../../config/samples"

// spring is the campaign of the examples; the edits of a case make its mistakes.
const spring = `apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: spring-sale, namespace: ads-emea}
spec:
  trackerRefs: [{name: eu, namespace: clicktally}]
  advertiser: adv-789
  offerPageURL: https://shop.example.org/spring?ct={clickid}
  safePageURL: https://shop.example.org/
  price: {model: CPC, amount: "0.50", currency: USD}
  offers:
  - {id: of-1, url: "https://shop.example.org/x?ct={clickid}&s={sub1}"}
  - {id: of-2, url: "https://shop.example.org/y"}
  routing:
  - name: mobile
    when: {deviceTypes: [Mobile]}
    split:
    - {offer: of-1, weight: 7000}
    - {offer: of-2, weight: 3000}
  tests:
  - name: scripts see the safe page
    request: {query: "cid=spring-sale", userAgent: "curl/8.0", address: 198.51.100.7}
    expect: {destination: "https://shop.example.org/", reasons: [UserAgentNonBrowser, IPDenied]}
`

const platform = `apiVersion: clicktally.dev/v1alpha1
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
  destinations: {allowedHosts: ["*.example.org", www.example.com]}
  fraud: {policyRef: {name: default}}
---
apiVersion: clicktally.dev/v1alpha1
kind: FraudPolicy
metadata: {name: default, namespace: clicktally}
spec:
  deny: [{cidr: 198.51.100.0/24}]
`

// edit replaces text of a file; every old text must be there.
func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the file has no %q to edit", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// inFolder writes files below a new folder and works there until the test ends.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// run executes a command and returns what it printed.
func run(cmd *cobra.Command, args ...string) (string, error) {
	var out bytes.Buffer
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

// The words are those of the product's examples.
func TestLint(t *testing.T) {
	const hostMessage = `spec.offerPageURL: host "shop.example.net" is not among tracker clicktally/eu's allowedHosts (*.example.org, www.example.com): ask the tracker's owner, or use an allowed host`
	cases := map[string]struct {
		edits []string // of the campaign
		files map[string]string
		args  []string // default: campaigns, with the platform
		want  string
	}{
		"a good campaign has no problems": {want: "no problems in 1 file\n"},
		"a host that the tracker does not allow": {
			edits: []string{"shop.example.org/spring?", "shop.example.net/spring?"},
			want: "campaigns/spring.yaml:7: " + hostMessage + "\n" +
				"not checked: tests of Campaign ads-emea/spring-sale: it has other problems\n1 problem in 1 of 1 file\n",
		},
		"weights that do not add up, said once by compiler and schema": {
			edits: []string{"weight: 3000", "weight: 2000"},
			want: "campaigns/spring.yaml:16: spec.routing[0].split: weights add up to 9000, must be 10000\n" +
				"not checked: tests of Campaign ads-emea/spring-sale: it has other problems\n1 problem in 1 of 1 file\n",
		},
		"an amount without quotes, and the tests run all the same": {
			edits: []string{`amount: "0.50"`, "amount: 0.50"},
			want:  "campaigns/spring.yaml:9: spec.price.amount: write \"0.50\" in quotes\n1 problem in 1 of 1 file\n",
		},
		"a test whose address is on no list": {
			edits: []string{"198.51.100.7", "203.0.113.9", `{destination: "https://shop.example.org/", reasons`, "{reasons"},
			want: `campaigns/spring.yaml:22: test "scripts see the safe page": expected reasons [UserAgentNonBrowser IPDenied], got [UserAgentNonBrowser]: 203.0.113.9 is on no deny list of clicktally/default` +
				"\n1 problem in 1 of 1 file\n",
		},
		"several mistakes of one campaign in one run": {
			edits: []string{"shop.example.org/spring?", "shop.example.net/spring?", "weight: 3000", "weight: 2000", `amount: "0.50"`, "amount: 0.50"},
			want: "campaigns/spring.yaml:7: " + hostMessage + "\n" +
				"campaigns/spring.yaml:9: spec.price.amount: write \"0.50\" in quotes\n" +
				"campaigns/spring.yaml:16: spec.routing[0].split: weights add up to 9000, must be 10000\n" +
				"not checked: tests of Campaign ads-emea/spring-sale: it has other problems\n3 problems in 1 of 1 file\n",
		},
		"a field that does not exist": {
			edits: []string{"advertiser: adv-789", "advertiser: adv-789\n  safePage: x"},
			want:  "campaigns/spring.yaml:7: spec.safePage: unknown field\n1 problem in 1 of 1 file\n",
		},
		"without the platform, what it would have told is not checked": {
			args: []string{"campaigns"},
			want: "not checked: Tracker clicktally/eu is not among the given files\n" +
				"not checked: tests of Campaign ads-emea/spring-sale: Tracker clicktally/eu is not among the given files\nno problems in 1 file\n",
		},
		"with the platform, a tracker that is missing is a problem": {
			edits: []string{"name: eu", "name: us"},
			want: "campaigns/spring.yaml:5: spec.trackerRefs[0]: Tracker clicktally/us does not exist or was never accepted\n" +
				"not checked: tests of Campaign ads-emea/spring-sale: it has other problems\n1 problem in 1 of 1 file\n",
		},
		"a thing that several campaigns need is named once": {
			files: map[string]string{"campaigns/summer.yaml": edit(t, spring, "spring-sale", "summer-sale")},
			args:  []string{"campaigns/spring.yaml", "campaigns/summer.yaml"},
			want: "not checked: Tracker clicktally/eu is not among the given files\n" +
				"not checked: tests of Campaign ads-emea/spring-sale: Tracker clicktally/eu is not among the given files\n" +
				"not checked: tests of Campaign ads-emea/summer-sale: Tracker clicktally/eu is not among the given files\nno problems in 2 files\n",
		},
		"the same object in two files": {
			files: map[string]string{"campaigns/zz.yaml": spring},
			want:  "campaigns/zz.yaml:3: metadata.name: Campaign ads-emea/spring-sale is also at campaigns/spring.yaml:3, which is used\n1 problem in 1 of 2 files\n",
		},
		"two campaigns with one id": {
			files: map[string]string{"campaigns/zz.yaml": edit(t, spring, "name: spring-sale", "name: spring-two", "advertiser:", "id: spring-sale\n  advertiser:")},
			want: "campaigns/zz.yaml:6: spec.id: campaign id \"spring-sale\" is taken by campaign ads-emea/spring-sale: set spec.id to another id\n" +
				"not checked: tests of Campaign ads-emea/spring-two: it has other problems\n1 problem in 1 of 2 files\n",
		},
		"a notice does not fail": {
			edits: []string{"  offers:", "  limits: {perIP: {count: 10, window: 1m}}\n  offers:"},
			want:  "campaigns/spring.yaml:10: notice: spec.limits: has no effect in this version: clicks are not limited yet\nno problems in 1 file\n",
		},
		"a notice fails when asked to be strict": {
			edits: []string{"  offers:", "  limits: {perIP: {count: 10, window: 1m}}\n  offers:"},
			args:  []string{"campaigns", "--platform", "platform", "--strict"},
			want:  "campaigns/spring.yaml:10: notice: spec.limits: has no effect in this version: clicks are not limited yet\n1 problem in 1 of 1 file\n",
		},
		"workloads that nothing makes yet": {
			files: map[string]string{"platform/platform.yaml": edit(t, platform, "replicas: 1", "replicas: 1\n  suspend: Reconciliation")},
			args:  []string{"platform"},
			want: "platform/platform.yaml:16: notice: spec.replicas: has no effect in this version: standalone is one process\n" +
				"platform/platform.yaml:17: notice: spec.suspend: has no effect in this version: standalone is one process\nno problems in 1 file\n",
		},
		"a broken tracker of the platform is its owner's to correct": {
			files: map[string]string{"platform/platform.yaml": edit(t, platform, "  domains: [t.example.com]\n", "")},
			want: "not checked: tests of Campaign ads-emea/spring-sale: it has other problems\n" +
				"not checked: what refers to platform/platform.yaml:12: spec.domains: is required\nno problems in 1 file\n",
		},
		"labels of a namespace that nobody gave are not checked": {
			files: map[string]string{"platform/platform.yaml": edit(t, platform, "{from: All}", "{from: Selector, selector: {matchLabels: {team: ads}}}")},
			want: "not checked: whether tracker clicktally/eu admits namespace \"ads-emea\": its labels are not among the given files\n" +
				"no problems in 1 file\n",
		},
		"labels of a namespace that does not match are a problem": {
			files: map[string]string{
				"platform/platform.yaml":   edit(t, platform, "{from: All}", "{from: Selector, selector: {matchLabels: {team: ads}}}"),
				"platform/namespaces.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: ads-emea, labels: {team: other}}\n",
			},
			want: "campaigns/spring.yaml:5: spec.trackerRefs[0]: tracker clicktally/eu does not admit namespace \"ads-emea\": ask the tracker's owner (spec.allowedCampaigns)\n" +
				"not checked: tests of Campaign ads-emea/spring-sale: it has other problems\n1 problem in 1 of 1 file\n",
		},
		"text that is no YAML has its line": {
			files: map[string]string{"campaigns/zz.yaml": "kind: Campaign\n  x: [\n"},
			want:  "campaigns/zz.yaml:2: not valid YAML: mapping values are not allowed in this context\n1 problem in 1 of 2 files\n",
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			files := map[string]string{"campaigns/spring.yaml": edit(t, spring, c.edits...), "platform/platform.yaml": platform}
			maps.Copy(files, c.files)
			inFolder(t, files)
			if c.args == nil {
				c.args = []string{"campaigns", "--platform", "platform"}
			}
			got, err := run(lintCommand(), c.args...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if failed := !strings.Contains(c.want, "no problems"); errors.Is(err, errFailed) != failed || !failed && err != nil {
				t.Errorf("error: got %v, want failed: %v", err, failed)
			}
		})
	}
}

func TestEverySamplePasses(t *testing.T) {
	out, err := run(lintCommand(), samples)
	if err != nil || !strings.HasSuffix(out, "no problems in 11 files\n") {
		t.Errorf("got error %v and\n%s", err, out)
	}
	if strings.Contains(out, "not checked") {
		t.Errorf("the samples are complete, but:\n%s", out)
	}
}

func TestLintForPrograms(t *testing.T) {
	inFolder(t, map[string]string{"campaigns/spring.yaml": edit(t, spring, `amount: "0.50"`, "amount: 0.50"), "platform/platform.yaml": platform})
	out, err := run(lintCommand(), "campaigns", "--platform", "platform", "-o", "json")
	if !errors.Is(err, errFailed) {
		t.Errorf("error: got %v", err)
	}
	var got []lint.Finding
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	want := []lint.Finding{{
		File: "campaigns/spring.yaml", Line: 9, Kind: "Campaign", Namespace: "ads-emea", Name: "spring-sale",
		Field: "spec.price.amount", Severity: lint.Error, Message: `write "0.50" in quotes`,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestLintSaysWhatItCannotRead(t *testing.T) {
	inFolder(t, map[string]string{"empty/README.md": ""})
	for args, want := range map[string]string{
		"nowhere":         "nowhere",
		"empty":           "there is no YAML file in empty",
		"empty -o=yaml":   "--output",
		"empty --no-such": "unknown flag",
	} {
		_, err := run(lintCommand(), strings.Fields(args)...)
		if err == nil || errors.Is(err, errFailed) || !strings.Contains(err.Error(), want) {
			t.Errorf("lint %s: got error %v, want one with %q", args, err, want)
		}
	}
}
