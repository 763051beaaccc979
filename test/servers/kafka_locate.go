package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// KafkaVersion is what hack/fetch-kafka fetches: kafka.version of hack/kafka/pom.xml.
const KafkaVersion = "4.3.1"

// errNoKafka says how to get what is missing.
var errNoKafka = errors.New("no Apache Kafka: run hack/fetch-kafka, which `make test` does, or set KAFKA_HOME to a distribution of version 4")

// kafkaPrograms are the two things a broker needs.
type kafkaPrograms struct {
	java      string
	classPath string
}

// locateKafka looks where hack/fetch-kafka does: KAFKA_HOME, the distribution on PATH, the user's cache.
func locateKafka() (kafkaPrograms, error) {
	java := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		java = filepath.Join(home, "bin", "java")
	}
	java, err := exec.LookPath(java)
	if err != nil {
		return kafkaPrograms{}, fmt.Errorf("%w: %w", errNoKafka, err)
	}
	if home := os.Getenv("KAFKA_HOME"); home != "" {
		return programs(java, filepath.Join(home, "libs"))
	}
	for _, name := range []string{"kafka-server-start.sh", "kafka-server-start"} {
		found, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if found, err = filepath.EvalSymlinks(found); err != nil {
			return kafkaPrograms{}, err
		}
		if located, err := programs(java, filepath.Join(filepath.Dir(filepath.Dir(found)), "libs")); err == nil {
			return located, nil
		}
	}
	libs, err := fetched("kafka", KafkaVersion, "lib")
	if err != nil {
		return kafkaPrograms{}, err
	}
	return programs(java, libs)
}

func programs(java, folder string) (kafkaPrograms, error) {
	jars, err := filepath.Glob(filepath.Join(folder, "kafka_2.1[3-9]-4.*.jar"))
	if err != nil {
		return kafkaPrograms{}, err
	}
	if len(jars) == 0 {
		return kafkaPrograms{}, fmt.Errorf("%w (looked for kafka_2.13-4.*.jar in %s)", errNoKafka, folder)
	}
	return kafkaPrograms{java: java, classPath: filepath.Join(folder, "*")}, nil
}
