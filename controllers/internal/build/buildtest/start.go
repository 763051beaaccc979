package buildtest

import (
	"bufio"
	"context"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// patience bounds how long a process has to say what is waited for.
const patience = time.Minute

// Arguments are the values of each flag, in order; a flag without a value has an empty one.
func Arguments(pod *corev1.PodSpec) map[string][]string {
	values := map[string][]string{}
	for _, arg := range pod.Containers[0].Args {
		flag, value, _ := strings.Cut(arg, "=")
		values[flag] = append(values[flag], value)
	}
	return values
}

// Nowhere has every store of a pipeline at a port of this machine where nobody listens.
func Nowhere(p *v1alpha1.AggregationPipeline) {
	nowhere := []v1alpha1.HostPort{"127.0.0.1:1"}
	p.Spec.Kafka.BootstrapServers, p.Spec.Redis.Addresses, p.Spec.ClickHouse.Addresses = nowhere, nowhere, nowhere
}

// Starts builds a command of cmd/, and runs it with the arguments, variables and mounted files of a pod
// until its log says something, then without each file that a variable names. Everything in the pod stands in a folder of the test instead; every
// mounted Secret has the keys that the pod asks for.
func Starts(t *testing.T, command string, pod *corev1.PodSpec, says string) {
	t.Helper()
	container, root := &pod.Containers[0], t.TempDir()
	binary := filepath.Join(root, command)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/clicktally/clicktally/cmd/"+command).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	here := strings.NewReplacer(
		build.SecretsDir, root+build.SecretsDir, build.StateDir, root+build.StateDir, "$(POD_NAME)", "eu-0",
		corev1.TerminationMessagePathDefault, filepath.Join(root, "outcome"),
		"=:8080", "=127.0.0.1:0", "=:8081", "=127.0.0.1:0", "=:9090", "=127.0.0.1:0",
	)
	mountFiles(t, root, pod)
	args := make([]string, len(container.Args))
	for i, arg := range container.Args {
		args[i] = here.Replace(arg)
	}
	// Every flag must be known: help is asked for behind the others.
	if out, err := exec.CommandContext(t.Context(), binary, append(slices.Clip(args), "--help")...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", command, args, err, out)
	}
	var env, files []string
	for _, variable := range container.Env {
		value := here.Replace(variable.Value)
		if variable.ValueFrom != nil {
			value = "someone"
		}
		if strings.HasPrefix(variable.Value, build.SecretsDir) {
			files = append(files, variable.Name)
		}
		env = append(env, variable.Name+"="+value)
	}
	if log, said := run(t, binary, args, env, says); !said {
		t.Errorf("%s %v ended and never said %q:\n%s", command, args, says, log)
	}
	// A variable that nobody reads is a spelling mistake: without its file the process must not start.
	for _, name := range files {
		if _, said := run(t, binary, args, append(slices.Clip(env), name+"="+root+"/missing"), says); said {
			t.Errorf("%s does not read the file of %s", command, name)
		}
	}
}

// run starts a process and ends it when its log says something; said is false when it ended before.
func run(t *testing.T, binary string, args, env []string, says string) (log string, said bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	process := exec.CommandContext(ctx, binary, args...)
	process.Env = env
	lines, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = process.Process.Kill() // it may have ended by itself, and then the log tells why
		_ = process.Wait()
	}()
	var all strings.Builder
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		if strings.Contains(scanner.Text(), says) {
			return "", true
		}
		all.WriteString(scanner.Text() + "\n")
	}
	return all.String(), false
}

// mountFiles writes what each volume would hold.
func mountFiles(t *testing.T, root string, pod *corev1.PodSpec) {
	t.Helper()
	authority := httptest.NewTLSServer(nil)
	authority.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw})
	volumes := map[string]*corev1.Volume{}
	for i := range pod.Volumes {
		volumes[pod.Volumes[i].Name] = &pod.Volumes[i]
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		dir := filepath.Join(root, mount.MountPath)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		volume := volumes[mount.Name]
		if volume == nil || volume.Secret == nil { // a claim template's, or an empty one
			continue
		}
		for _, item := range volume.Secret.Items {
			content := []byte(strings.Repeat("0123456789abcdef", 4) + "\n")
			if strings.HasSuffix(item.Path, ".crt") {
				content = certificate
			}
			if err := os.WriteFile(filepath.Join(dir, item.Path), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
