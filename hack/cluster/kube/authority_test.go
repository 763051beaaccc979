package kube

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"slices"
	"testing"
)

func TestCertificatesAreAcceptedForTheirUseAlone(t *testing.T) {
	a, err := newAuthority(t.TempDir(), "ca")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.client("admin", "somebody", "a-group"); err != nil {
		t.Fatal(err)
	}
	if err := a.server("server", "10.99.0.1", "kubernetes.default"); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(a.path("ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)

	for name, test := range map[string]struct {
		certificate, host string
		use               x509.ExtKeyUsage
		ok                bool
	}{
		"a client as client":              {"admin", "", x509.ExtKeyUsageClientAuth, true},
		"a client as server":              {"admin", "", x509.ExtKeyUsageServerAuth, false},
		"a server by address":             {"server", "10.99.0.1", x509.ExtKeyUsageServerAuth, true},
		"a server by name":                {"server", "kubernetes.default", x509.ExtKeyUsageServerAuth, true},
		"a server by a name it has not":   {"server", "elsewhere", x509.ExtKeyUsageServerAuth, false},
		"a server that passes for a user": {"server", "", x509.ExtKeyUsageClientAuth, false},
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := tls.LoadX509KeyPair(a.path(test.certificate+".crt"), a.path(test.certificate+".key"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: test.host, KeyUsages: []x509.ExtKeyUsage{test.use}})
			if (err == nil) != test.ok {
				t.Errorf("error %v, want accepted: %v", err, test.ok)
			}
		})
	}
	pair, err := tls.LoadX509KeyPair(a.path("admin.crt"), a.path("admin.key"))
	if err != nil || pair.Leaf.Subject.CommonName != "somebody" || !slices.Equal(pair.Leaf.Subject.Organization, []string{"a-group"}) {
		t.Errorf("user %v, %v; want somebody of a-group", pair.Leaf.Subject, err)
	}
}
