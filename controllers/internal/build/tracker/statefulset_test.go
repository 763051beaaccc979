package tracker

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

func setOf(t *testing.T, in *Input) *appsv1.StatefulSet {
	t.Helper()
	set, err := StatefulSet(in)
	if err != nil {
		t.Fatal(err)
	}
	return buildtest.As[appsv1.StatefulSet](t, set)
}

// An edit of what the catalog carries must reach the pods through the catalog alone (design 5).
func TestAnEditOfConfigurationLeavesTheFleetAsItIs(t *testing.T) {
	for name, edit := range map[string]func(*Input){
		"ack policy":            func(in *Input) { in.Tracker.Spec.Ack = &v1alpha1.Ack{Policy: v1alpha1.AckKafka} },
		"ack budget":            func(in *Input) { in.Tracker.Spec.Ack.Budget = "50ms" },
		"a full journal":        func(in *Input) { in.Tracker.Spec.Journal.WhenFull = v1alpha1.WhenFullReject },
		"domains":               func(in *Input) { in.Tracker.Spec.Domains = []v1alpha1.Host{"new.example.com"} },
		"fallback URL":          func(in *Input) { in.Tracker.Spec.FallbackURL = "https://other.example.com/" },
		"route":                 func(in *Input) { in.Tracker.Spec.Route = nil },
		"client address":        func(in *Input) { in.Tracker.Spec.ClientAddress.TrustedHops = 2 },
		"admitted namespaces":   func(in *Input) { in.Tracker.Spec.AllowedCampaigns = nil },
		"destinations":          func(in *Input) { in.Tracker.Spec.Destinations = nil },
		"fraud policy":          func(in *Input) { in.Tracker.Spec.Fraud = nil },
		"limits":                func(in *Input) { in.Tracker.Spec.Limits = nil },
		"privacy of addresses":  func(in *Input) { in.Tracker.Spec.Privacy.Address = v1alpha1.AddressDrop },
		"signing mode":          func(in *Input) { in.Tracker.Spec.Signing.Mode = v1alpha1.SigningEnforce },
		"suspension":            func(in *Input) { in.Tracker.Spec.Suspend = v1alpha1.SuspendReconciliation },
		"the autoscaler's size": func(in *Input) { in.Tracker.Spec.Autoscaling.MaxReplicas = 100 },
		"a shrinking fleet":     func(in *Input) { in.HoldSize = true },
		"the pipeline's rules": func(in *Input) {
			p := &in.Pipeline.Spec
			p.Accept, p.Retention, p.Windows, p.Inputs, p.Kafka.Partitions = nil, nil, nil, nil, 96
		},
		"other stores than Kafka": func(in *Input) {
			in.Pipeline.Spec.Redis.Addresses = []v1alpha1.HostPort{"elsewhere:6379"}
			in.Pipeline.Spec.ClickHouse.Addresses = []v1alpha1.HostPort{"elsewhere:9000"}
		},
		"the login of others": func(in *Input) { in.Pipeline.Spec.Kafka.Auth.SecretRef.Name = "rotated" },
		"a newer operator":    func(in *Input) { in.Installation.Images.Tracker = "registry.example:5000/clicktally/tracker:v0.5.0" },
	} {
		t.Run(name, func(t *testing.T) {
			in := full(t)
			before := setOf(t, in)
			edit(in)
			if diff := cmp.Diff(before, setOf(t, in)); diff != "" {
				t.Errorf("pods are replaced:\n%s", diff)
			}
		})
	}
}

func TestWhatAProcessIsStartedWithReplacesPods(t *testing.T) {
	for name, edit := range map[string]func(*Input){
		"the brokers":        func(in *Input) { in.Pipeline.Spec.Kafka.BootstrapServers = []v1alpha1.HostPort{"other:9092"} },
		"the trackers login": func(in *Input) { in.Pipeline.Spec.Kafka.TrackerAuth.SecretRef.Name = "other" },
		"the version":        func(in *Input) { in.Tracker.Spec.Version = "v0.3.2" },
		"no version, so the operator's": func(in *Input) {
			in.Tracker.Spec.Version = ""
		},
		"the hash key": func(in *Input) { in.Tracker.Spec.Privacy.HashKeyRef = nil },
		"the data":     func(in *Input) { in.Tracker.Spec.Data.GeoIP.Image = "registry.example/geo:2026-12" },
		"the resources": func(in *Input) {
			in.Tracker.Spec.Pod.Resources.Limits[corev1.ResourceMemory] = resource.MustParse("3Gi")
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := full(t)
			before := setOf(t, in)
			edit(in)
			if cmp.Equal(before.Spec.Template, setOf(t, in).Spec.Template) {
				t.Error("the pods stay as they are")
			}
		})
	}
}

func TestTheSameArgumentsGiveTheSameBytesAndStayAsTheyAre(t *testing.T) {
	in := full(t)
	tracker, pipeline := in.Tracker.DeepCopy(), in.Pipeline.DeepCopy()
	var first []byte
	for range 20 {
		all, err := All(in)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		}
		if diff := cmp.Diff(string(first), string(text)); diff != "" {
			t.Fatal(diff)
		}
	}
	if diff := cmp.Diff(tracker, in.Tracker) + cmp.Diff(pipeline, in.Pipeline); diff != "" {
		t.Errorf("an argument was changed:\n%s", diff)
	}
}

func TestWhoSaysHowManyPodsThereAre(t *testing.T) {
	six := int32(6)
	for name, test := range map[string]struct {
		edit func(*Input)
		want *int32
	}{
		"spec.replicas does":                           {func(in *Input) { in.Tracker.Spec.Replicas = 6 }, &six},
		"an autoscaler does, and we say nothing":       {autoscaled, nil},
		"until it does, the six that are there stay":   {func(in *Input) { autoscaled(in); in.HeldReplicas = &six }, &six},
		"what is held means nothing without autoscale": {func(in *Input) { in.Tracker.Spec.Replicas = 6; in.HeldReplicas = new(int32(9)) }, &six},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal(t)
			test.edit(in)
			if diff := cmp.Diff(test.want, setOf(t, in).Spec.Replicas); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func autoscaled(in *Input) {
	in.Tracker.Spec.Replicas, in.Tracker.Spec.Autoscaling = 0, &v1alpha1.Autoscaling{MaxReplicas: 40}
}

func TestTheJournalsVolume(t *testing.T) {
	for name, test := range map[string]struct {
		journal      *v1alpha1.Journal
		ack          v1alpha1.AckPolicy
		claim, node  string // its size, empty: there is none
		room, refuse string
	}{
		"by default a claim of 1Gi":              {claim: "1Gi", room: "921Mi"},
		"a claim of the stated size":             {journal: &v1alpha1.Journal{Size: quantity("4Gi")}, claim: "4Gi", room: "3686Mi"},
		"a claim under every ack policy":         {ack: v1alpha1.AckKafka, claim: "1Gi", room: "921Mi"},
		"the node's disk":                        {journal: &v1alpha1.Journal{Volume: v1alpha1.JournalEmptyDir}, node: "1Gi", room: "921Mi"},
		"the node's disk, of a size":             {journal: &v1alpha1.Journal{Volume: v1alpha1.JournalEmptyDir, Size: quantity("512Mi")}, node: "512Mi", room: "460Mi"},
		"a decimal size is room in whole Mi":     {journal: &v1alpha1.Journal{Size: quantity("1G")}, claim: "1G", room: "858Mi"},
		"the least there can be":                 {journal: &v1alpha1.Journal{Size: quantity("16Mi")}, claim: "16Mi", room: "14Mi"},
		"less is refused, not left to the fleet": {journal: &v1alpha1.Journal{Size: quantity("1Mi")}, refuse: "spec.journal.size"},
		"nothing is refused":                     {journal: &v1alpha1.Journal{Size: quantity("0")}, refuse: "spec.journal.size"},
		"a size nobody has is no overflow":       {journal: &v1alpha1.Journal{Size: quantity("4Ei")}, claim: "4Ei", room: "3958241859993Mi"},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal(t)
			in.Tracker.Spec.Journal = test.journal
			if test.ack != "" {
				in.Tracker.Spec.Ack = &v1alpha1.Ack{Policy: test.ack}
			}
			if test.refuse != "" {
				_, err := StatefulSet(in)
				if invalid, ok := errors.AsType[*build.InvalidError](err); !ok || invalid.Field != test.refuse {
					t.Errorf("got %v", err)
				}
				return
			}
			set := setOf(t, in)
			if claim, node := volumesOf(set); claim != test.claim || node != test.node {
				t.Errorf("a claim of %q and %q on the node", claim, node)
			}
			if got := argument(t, &set.Spec.Template.Spec, "--journal-size"); got != test.room {
				t.Errorf("room for %s, want %s", got, test.room)
			}
		})
	}
}

// volumesOf are the sizes of claims and of what is on the node's disk.
func volumesOf(set *appsv1.StatefulSet) (claim, node string) {
	var claims, nodes []string
	for _, c := range set.Spec.VolumeClaimTemplates {
		claims = append(claims, c.Spec.Resources.Requests.Storage().String())
	}
	for _, v := range set.Spec.Template.Spec.Volumes {
		if v.EmptyDir != nil {
			nodes = append(nodes, v.EmptyDir.SizeLimit.String())
		}
	}
	return strings.Join(claims, " and "), strings.Join(nodes, " and ")
}

func quantity(text string) *resource.Quantity { return new(resource.MustParse(text)) }

// argument is the value that a flag is given once.
func argument(t *testing.T, pod *corev1.PodSpec, flag string) string {
	t.Helper()
	values := buildtest.Arguments(pod)[flag]
	if len(values) != 1 {
		t.Fatalf("%s is given %d times", flag, len(values))
	}
	return values[0]
}

func TestTheEndOfAPodIsLongEnough(t *testing.T) {
	pod := setOf(t, full(t)).Spec.Template.Spec
	unready, err := time.ParseDuration(argument(t, &pod, "--unready-for"))
	if err != nil {
		t.Fatal(err)
	}
	const ships = 15 * time.Second // docs/journal.md: all of it within 15 s
	if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace <= unready+ships {
		t.Errorf("killed after %v, it may need %v", grace, unready+ships)
	}
}

func TestPodsAreRestricted(t *testing.T) {
	for name, in := range map[string]*Input{"minimal": minimal(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			buildtest.Restricted(t, &setOf(t, in).Spec.Template)
		})
	}
}

func TestOurLabelsWinAndTheSelectorFindsThePods(t *testing.T) {
	set := setOf(t, full(t))
	for key, want := range set.Spec.Selector.MatchLabels {
		if got := set.Spec.Template.Labels[key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if set.Spec.Template.Labels["team"] != "platform" {
		t.Error("the user's label is lost")
	}
}

func TestPodsSpreadUnlessTheUserSaysHow(t *testing.T) {
	keys := func(set *appsv1.StatefulSet) (keys []string) {
		for _, c := range set.Spec.Template.Spec.TopologySpreadConstraints {
			keys = append(keys, c.TopologyKey+" "+string(c.WhenUnsatisfiable))
		}
		return keys
	}
	if diff := cmp.Diff([]string{"topology.kubernetes.io/zone ScheduleAnyway", "kubernetes.io/hostname ScheduleAnyway"}, keys(setOf(t, minimal(t)))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"topology.kubernetes.io/zone DoNotSchedule"}, keys(setOf(t, full(t)))); diff != "" {
		t.Error(diff)
	}
}
