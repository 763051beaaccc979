package process

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCredentialsComeFromTheEnvironmentOrFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STORE_USERNAME", "someone")
	t.Setenv("STORE_PASSWORD", "from the environment")
	if name, password, err := Credentials("STORE"); err != nil || name != "someone" || password != "from the environment" {
		t.Errorf("got %q %q %v", name, password, err)
	}
	t.Setenv("STORE_PASSWORD_FILE", file)
	if _, password, err := Credentials("STORE"); err != nil || password != "from a file" {
		t.Errorf("got %q %v", password, err)
	}
	t.Setenv("STORE_PASSWORD_FILE", file+".gone")
	if _, _, err := Credentials("STORE"); err == nil {
		t.Error("a missing file went unseen")
	}
	if name, password, err := Credentials("ELSEWHERE"); err != nil || name != "" || password != "" {
		t.Errorf("got %q %q %v without any credentials", name, password, err)
	}
}

func TestKafkaOptions(t *testing.T) {
	if _, err := (&Kafka{}).Options(); err == nil {
		t.Error("no server was taken")
	}
	k := &Kafka{Servers: []string{"127.0.0.1:1"}}
	if _, err := k.Options(); err != nil {
		t.Error(err)
	}
	t.Setenv("KAFKA_USERNAME", "tracker")
	t.Setenv("KAFKA_PASSWORD", "secret")
	if _, err := k.Options(); err == nil {
		t.Error("a user without a mechanism was taken")
	}
	t.Setenv("KAFKA_MECHANISM", "SCRAM-SHA-512")
	if options, err := k.Options(); err != nil || len(options) != 2 {
		t.Errorf("%d options, %v", len(options), err)
	}
}
