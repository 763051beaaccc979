package chart_test

import (
	"crypto/tls"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/rest"
)

// recorder stands between the operator and the API server, and keeps which rights the requests take.
type recorder struct {
	address   string
	authority []byte // PEM

	mu     sync.Mutex
	used   map[string]bool // "patch trackers/status.clicktally.dev"
	denied map[string]bool // those that the API server refused
}

func record(t *testing.T, config *rest.Config) *recorder {
	t.Helper()
	r := &recorder{used: map[string]bool{}, denied: map[string]bool{}}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	factory := &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(target) },
		FlushInterval: -1, // watches
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: verified.RootCAs, MinVersion: tls.VersionTLS12}},
		ModifyResponse: func(response *http.Response) error {
			info, err := factory.NewRequestInfo(response.Request)
			if err == nil && info.IsResourceRequest {
				r.note(info, response.StatusCode)
			}
			return nil
		},
	}
	server := httptest.NewTLSServer(proxy) // a client sends no token in the clear
	t.Cleanup(server.Close)
	r.address = server.URL
	r.authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return r
}

func (r *recorder) note(info *request.RequestInfo, status int) {
	resource := info.Resource
	if info.Subresource != "" {
		resource += "/" + info.Subresource
	}
	right := info.Verb + " " + resource + "." + info.APIGroup
	r.mu.Lock()
	defer r.mu.Unlock()
	if status == http.StatusForbidden {
		r.denied[right+" in "+info.Namespace] = true
		return
	}
	r.used[right] = true
	if info.Verb == "patch" && status == http.StatusCreated { // server-side apply of what was not there
		r.used["create "+resource+"."+info.APIGroup] = true
	}
}

// sees reports whether a right was used.
func (r *recorder) sees(right string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used[right]
}

func (r *recorder) refusals() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.denied))
}

// unused are the rights among these that nothing has used. Names that a right is limited to do not matter.
func (r *recorder) unused(rights []string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []string
	for _, right := range rights {
		fields := strings.Fields(right)
		if !r.used[fields[0]+" "+fields[1]] {
			left = append(left, right)
		}
	}
	return left
}
