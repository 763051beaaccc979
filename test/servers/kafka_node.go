package servers

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// clusterID is the id of every cluster here: they never meet.
const clusterID = "Y2xpY2t0YWxseS10ZXN0cw"

// jvmFlags keep a node small and its start short: a test is over before the optimising compiler has earned its keep.
var jvmFlags = []string{"-Xms192m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"}

// log4j writes warnings to standard output: the default is errors only, and in another format.
const log4j = `rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1} %m%n
`

// node is one broker that is a controller as well. It is started and killed any number of times on the same folder.
type node struct {
	programs kafkaPrograms
	dir      string
	client   string   // address for clients, host:port
	others   []string // those of further listeners
	library  string   // of a clock that can be set, empty without one
	process  *child
	killed   bool
}

// prepare writes the node's settings and formats its storage.
func (n *node) prepare(settings map[string]string) error {
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s=%s\n", key, settings[key])
	}
	if err := os.WriteFile(n.file("server.properties"), []byte(text.String()), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(n.file("log4j2.properties"), []byte(log4j), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(n.clock(), clockOffset(0), 0o600); err != nil {
		return err
	}
	format := n.java("kafka.tools.StorageTool", "format", "-t", clusterID, "-c", n.file("server.properties"))
	if output, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("format the storage of Kafka: %w: %s", err, output)
	}
	return nil
}

// start starts the process; it answers later.
func (n *node) start() error {
	process, err := startLogged(n.java("kafka.Kafka", n.file("server.properties")), n.file("node.log"))
	if err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	n.process = process
	n.killed = false
	return nil
}

func (n *node) java(arguments ...string) *exec.Cmd {
	flags := append(slices.Clone(jvmFlags), "-Dlog4j2.configurationFile="+n.file("log4j2.properties"), "-cp", n.programs.classPath)
	command := exec.Command(n.programs.java, append(flags, arguments...)...)
	if n.library != "" {
		command.Env = append(os.Environ(), "LD_PRELOAD="+n.library, "CLICKTALLY_CLOCK="+n.clock())
	}
	command.Dir = n.dir // what the JVM leaves behind when it dies goes with the folder
	return command
}

func (n *node) file(name string) string { return filepath.Join(n.dir, name) }

func (n *node) clock() string { return n.file("clock") }

// kill ends the process as kill -9 does.
func (n *node) kill() {
	if n.process != nil {
		n.process.kill()
	}
	n.killed = true
}

// log is the end of what the node said.
func (n *node) log() string { return endOfLog(n.file("node.log")) }

// nodeSettings are the properties of node i among nodes whose addresses are given: a small heap, few internal
// partitions, no waiting, and a dead broker noticed within seconds (the defaults take 13 to move a leader).
func nodeSettings(i int, dir string, clients, controllers []string) map[string]string {
	nodes := strconv.Itoa(len(clients))
	voters := make([]string, len(controllers))
	for v, address := range controllers {
		voters[v] = fmt.Sprintf("%d@%s", v+1, address)
	}
	settings := map[string]string{
		"process.roles":                         "broker,controller",
		"node.id":                               strconv.Itoa(i + 1),
		"controller.quorum.voters":              strings.Join(voters, ","),
		"listeners":                             "PLAINTEXT://" + clients[i] + ",CONTROLLER://" + controllers[i],
		"advertised.listeners":                  "PLAINTEXT://" + clients[i],
		"controller.listener.names":             "CONTROLLER",
		"listener.security.protocol.map":        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs":                              filepath.Join(dir, "data"),
		"auto.create.topics.enable":             "false",
		"group.initial.rebalance.delay.ms":      "0",
		"log.cleaner.dedupe.buffer.size":        "16777216",
		"broker.session.timeout.ms":             "3000",
		"broker.heartbeat.interval.ms":          "500",
		"controller.quorum.election.timeout.ms": "500",
		"controller.quorum.fetch.timeout.ms":    "1000",
	}
	for _, internal := range []string{"offsets.topic.", "transaction.state.log.", "share.coordinator.state.topic."} {
		settings[internal+"replication.factor"] = nodes
		settings[internal+"num.partitions"] = "4"
	}
	inSync := strconv.Itoa(max(1, len(clients)-1))
	settings["transaction.state.log.min.isr"] = inSync
	settings["share.coordinator.state.topic.min.isr"] = inSync
	return settings
}
