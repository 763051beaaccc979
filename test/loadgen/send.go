package loadgen

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Bounds of the sending side.
const (
	requestTimeout = 10 * time.Second
	maxConnections = 512
	// A partner's server repeats an unanswered batch under the same ids and times.
	batchRetries  = 60
	batchInterval = 500 * time.Millisecond
)

// client talks to one tracker.
type client struct {
	http  *fasthttp.HostClient
	host  string
	token string // of the traffic source that server events come from
}

func newClient(base, token string) (*client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("tracker address %q: write it as http://host:port", base)
	}
	return &client{
		host: u.Host, token: token,
		http: &fasthttp.HostClient{
			Addr: u.Host, MaxConns: maxConnections, MaxConnWaitTimeout: requestTimeout,
			ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
			// Repeating a GET by itself would make a second click behind our back.
			MaxIdemponentCallAttempts: 1,
			NoDefaultUserAgentHeader:  true, DisablePathNormalizing: true,
		},
	}, nil
}

// answer is what the tracker said to one request.
type answer struct {
	status  int
	eventID string // of a single event
	clickID string // public, of a click
	body    []byte // of a POST
}

func (c *client) get(path string, query url.Values, v visitor) (answer, error) {
	return c.do(http.MethodGet, path+"?"+query.Encode(), v, "", nil)
}

func (c *client) post(body any, v visitor, token string) (answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	return c.do(http.MethodPost, "/events/track", v, token, text)
}

func (c *client) do(method, target string, v visitor, token string, body []byte) (answer, error) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.Header.SetMethod(method)
	request.SetRequestURI("http://" + c.host + target)
	request.Header.SetUserAgent(v.agent)
	request.Header.Set("X-Forwarded-For", v.address)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		request.Header.SetContentType("application/json")
		request.SetBodyRaw(body)
	}
	if err := c.http.Do(request, response); err != nil {
		return answer{}, err
	}
	return answer{
		status:  response.StatusCode(),
		eventID: string(response.Header.Peek("X-Event-Id")),
		clickID: string(response.Header.Peek("X-Click-Id")),
		body:    append([]byte(nil), response.Body()...),
	}, nil
}

// clickQuery is the link that a visitor follows; an impression's is the same without a source's id.
func clickQuery(campaign string, ad *Ad, v visitor) url.Values {
	q := url.Values{"cid": {campaign}, "uid": {v.user}}
	if ad != nil {
		q.Set("ad_id", ad.ID)
	}
	if v.device != "" {
		q.Set("did", v.device)
	}
	return q
}

// fates reads the answer to a POST: the event id of each event that was accepted, in order.
func fates(body []byte) ([]string, error) {
	var answer struct {
		Events []struct {
			EventID string `json:"event_id"`
			Status  string `json:"status"`
		} `json:"events"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("answer to POST /events/track: %w", err)
	}
	ids := make([]string, len(answer.Events))
	for i, e := range answer.Events {
		if strings.EqualFold(e.Status, "accepted") {
			ids[i] = e.EventID
		}
	}
	return ids, nil
}
