package servers

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificateLife is how long the certificates of a test are valid.
const certificateLife = 24 * time.Hour

// Authority signs the certificates of one test.
type Authority struct {
	CAFile string // PEM

	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority in a folder of the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, dir: t.TempDir()}
	a.key = a.newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(certificateLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.CAFile = a.write("ca.crt", block("CERTIFICATE", der))
	return a
}

// Issue signs a certificate for a common name, good for servers on hosts (names or addresses; none: no server) and
// for clients, and returns the files of the certificate and of its key.
func (a *Authority) Issue(name string, hosts ...string) (certFile, keyFile string) {
	a.t.Helper()
	return a.issue(name, time.Now().Add(certificateLife), hosts)
}

// IssueExpired is Issue of a certificate whose time is over.
func (a *Authority) IssueExpired(name string, hosts ...string) (certFile, keyFile string) {
	a.t.Helper()
	return a.issue(name, time.Now().Add(-time.Minute), hosts)
}

func (a *Authority) issue(name string, until time.Time, hosts []string) (certFile, keyFile string) {
	a.t.Helper()
	key := a.newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name+".crt", block("CERTIFICATE", der)), a.write(name+".key", block("PRIVATE KEY", secret))
}

// together writes key and certificate into one file, as Kafka's PEM key store wants them.
func (a *Authority) together(certFile, keyFile string) string {
	a.t.Helper()
	var all bytes.Buffer
	for _, path := range []string{keyFile, certFile} {
		content, err := os.ReadFile(path)
		if err != nil {
			a.t.Fatal(err)
		}
		all.Write(content)
	}
	return a.write("store-"+filepath.Base(certFile)+".pem", all.Bytes())
}

func (a *Authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *Authority) write(name string, content []byte) string {
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
