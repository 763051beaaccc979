// Package reviews asks the API server of a cluster who a reader is, and whether he may read a pipeline: a
// TokenReview, then a SubjectAccessReview for get on aggregationpipelines/stats of the pipeline.
package reviews

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/clicktally/clicktally/runtime/query"
)

const (
	// holds is how long an answer counts: a right that is taken away ends after it.
	holds = 10 * time.Second
	// within bounds both questions together.
	within = 5 * time.Second
	// atOnce bounds the tokens that are asked about at the same time: whoever tries many waits for himself.
	atOnce = 16
	// maxAnswers bounds the answers that are kept, of 33 bytes and a time each.
	maxAnswers = 4096
)

// Right that a reader needs.
const (
	group       = "clicktally.dev"
	resource    = "aggregationpipelines"
	subresource = "stats"
	verb        = "get"
)

// Authorizer asks the API server, and remembers its answers for 10 s. It is safe for concurrent use.
type Authorizer struct {
	tokens   authenticationclient.TokenReviewInterface
	rights   authorizationclient.SubjectAccessReviewInterface
	pipeline types.NamespacedName
	asking   singleflight.Group
	places   chan struct{}
	answers  *answers
}

// New makes an Authorizer for the readers of one pipeline. config must reach an API server as somebody who may
// create TokenReviews and SubjectAccessReviews.
func New(config *rest.Config, pipeline types.NamespacedName) (*Authorizer, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // atOnce bounds what is asked
	config.Timeout = within
	tokens, err := authenticationclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for token reviews: %w", err)
	}
	rights, err := authorizationclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for access reviews: %w", err)
	}
	return &Authorizer{
		tokens: tokens.TokenReviews(), rights: rights.SubjectAccessReviews(), pipeline: pipeline,
		places: make(chan struct{}, atOnce), answers: newAnswers(maxAnswers, holds),
	}, nil
}

// Authorize says what the bearer of a token may. With an error, nothing is known.
func (a *Authorizer) Authorize(ctx context.Context, token string) (query.Access, error) {
	key := sha256.Sum256([]byte(token))
	if access, known := a.answers.get(key, time.Now()); known {
		return access, nil
	}
	// One question serves all who wait for it, so none of them may end it.
	answer := a.asking.DoChan(string(key[:]), func() (any, error) {
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer cancel()
		asked := time.Now()
		access, err := a.ask(asking, token)
		if err == nil {
			a.answers.put(key, access, asked)
		}
		return access, err
	})
	select {
	case <-ctx.Done():
		return query.Nobody, ctx.Err()
	case result := <-answer:
		access, _ := result.Val.(query.Access)
		return access, result.Err
	}
}

// ask makes both reviews.
func (a *Authorizer) ask(ctx context.Context, token string) (query.Access, error) {
	select {
	case a.places <- struct{}{}:
		defer func() { <-a.places }()
	case <-ctx.Done():
		return query.Nobody, errors.New("too many readers ask at once")
	}
	who, err := a.tokens.Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil {
		return query.Nobody, fmt.Errorf("review a token: %w", err)
	}
	if !who.Status.Authenticated {
		return query.Nobody, nil
	}
	may, err := a.rights.Create(ctx, a.question(&who.Status.User), metav1.CreateOptions{})
	if err != nil {
		return query.Nobody, fmt.Errorf("review the access of a reader: %w", err)
	}
	if !may.Status.Allowed || may.Status.Denied {
		return query.Forbidden, nil
	}
	return query.Allowed, nil
}

func (a *Authorizer) question(user *authenticationv1.UserInfo) *authorizationv1.SubjectAccessReview {
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for key, values := range user.Extra {
		extra[key] = authorizationv1.ExtraValue(values)
	}
	return &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, Groups: user.Groups, UID: user.UID, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: a.pipeline.Namespace, Name: a.pipeline.Name, Verb: verb, Group: group, Resource: resource, Subresource: subresource,
		},
	}}
}
