package machine

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// prepareNetwork gives the namespace its loopback device and a bridge that holds the node's address. A bridge, because
// not every kernel has dummy devices. The default route leads nowhere; it is there because the kernel looks for a route
// to a Service's address before kube-proxy's rules rewrite it.
func prepareNetwork(string) error {
	for _, command := range []string{
		"link set lo up",
		"link add node0 type bridge",
		"address add " + Address + network + " dev node0",
		"link set node0 up",
		"route add default via " + gateway + " dev node0",
	} {
		out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, out)
		}
	}
	// Pods are reached by routing through the node.
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
}
