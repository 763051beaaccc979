package process

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"
)

// TLS says how a store is reached over TLS. The server's certificate is always verified, its name included.
type TLS struct {
	On                        bool
	CAFile, CertFile, KeyFile string
	ServerName                string
}

// AddFlags declares the flags, each beginning with the store's name.
func (t *TLS) AddFlags(flags *pflag.FlagSet, store string) {
	flags.BoolVar(&t.On, store+"-tls", false, "speak TLS to "+store+"; a file below turns it on too")
	flags.StringVar(&t.CAFile, store+"-ca-file", "", "certificates (PEM) of the authorities that sign the servers of "+store+" (default: the system's)")
	flags.StringVar(&t.CertFile, store+"-cert-file", "", "our certificate (PEM) where "+store+" asks for one; read again at every connection")
	flags.StringVar(&t.KeyFile, store+"-key-file", "", "its private key (PEM)")
	flags.StringVar(&t.ServerName, store+"-server-name", "", "name that the certificates of "+store+" must be for (default: the host dialled)")
}

// Config is what the client of a store needs, nil where TLS is off. An unreadable file is an error now; the client certificate is read again at
// every handshake, so that a renewed one needs no restart.
func (t *TLS) Config(store string) (*tls.Config, error) {
	if !t.On && t.CAFile == "" && t.CertFile == "" && t.KeyFile == "" {
		if t.ServerName != "" {
			return nil, fmt.Errorf("--%s-server-name without TLS has no effect: add --%s-tls", store, store)
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pool, err := authorities(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--%s-ca-file: %w", store, err)
		}
		config.RootCAs = pool
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return nil, fmt.Errorf("--%s-cert-file and --%s-key-file go together: give both", store, store)
	}
	if t.CertFile == "" {
		return config, nil
	}
	if _, err := t.certificate(store); err != nil {
		return nil, err
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.certificate(store) }
	return config, nil
}

func (t *TLS) certificate(store string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("--%s-cert-file %s, --%s-key-file %s: %w", store, t.CertFile, store, t.KeyFile, err)
	}
	return &pair, nil
}

var errNoCertificate = errors.New("no certificate in it: it must be PEM")

func authorities(path string) (*x509.CertPool, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s: %w", path, errNoCertificate)
	}
	return pool, nil
}
