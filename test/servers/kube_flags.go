package servers

import (
	"net"
	"path/filepath"
)

// etcdFlags keep the data in dir and serve clients on an address. Nothing is synced to the disk: the data goes with
// the process.
func etcdFlags(dir, address string) []string {
	return []string{
		"--data-dir=" + filepath.Join(dir, "etcd"),
		"--listen-client-urls=http://" + address,
		"--advertise-client-urls=http://" + address,
		"--listen-peer-urls=http://127.0.0.1:0",
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

// apiServerFlags are those of an API server that authorises by RBAC, as clusters do, and knows one user, by its token.
func apiServerFlags(dir, address, etcd string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	return []string{
		"--etcd-servers=http://" + etcd,
		"--bind-address=" + host,
		"--secure-port=" + port,
		"--advertise-address=" + host,
		"--endpoint-reconciler-type=none", // it refuses to list a loopback address
		"--tls-cert-file=" + file("tls.crt"),
		"--tls-private-key-file=" + file("tls.key"),
		"--token-auth-file=" + file("tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + file("tls.key"),
		"--service-account-key-file=" + file("tls.key"),
		"--service-cluster-ip-range=10.0.0.0/16",
		"--allow-privileged",
		"--disable-admission-plugins=ServiceAccount", // it waits for accounts that a controller manager makes
	}, nil
}
