package query

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/clicktally/clicktally/runtime/problem"
)

// authorized lets a request through that carries the configured token; without one, all.
func (s *Server) authorized(next http.Handler) http.Handler {
	if s.config.Token == "" {
		return next
	}
	want := sha256.Sum256([]byte(s.config.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(token)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="clicktally"`)
			problem.New(http.StatusUnauthorized, "unauthorized", "A token is needed",
				"send the reader's token as `Authorization: Bearer <token>`").Write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}
