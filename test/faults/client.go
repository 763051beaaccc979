package main

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// requestTimeout is how long a client waits for an answer before it goes away.
const requestTimeout = 10 * time.Second

// client is all visitors and partners: it takes any tracker, as a balancer would.
type client struct {
	http     *fasthttp.Client
	trackers []string
}

func newClient(addresses []string) *client {
	return &client{trackers: addresses, http: &fasthttp.Client{
		MaxConnsPerHost: 1024, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
		// A GET that is repeated behind our back would be a second click.
		MaxIdemponentCallAttempts: 1, RetryIfErr: func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true,
	}}
}

// answer is what a tracker said.
type answer struct {
	status           int
	eventID, clickID string
	body             []byte
}

func (c *client) get(path string, query url.Values, v visitor) (answer, error) {
	return c.do(http.MethodGet, path+"?"+query.Encode(), v, "", nil)
}

func (c *client) post(body any, v visitor, token string) (answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	return c.do(http.MethodPost, "/v1/events", v, token, text)
}

// do asks trackers until one takes the connection: nothing was sent to the others.
func (c *client) do(method, target string, v visitor, token string, body []byte) (a answer, err error) {
	for _, i := range rand.Perm(len(c.trackers)) {
		a, err = c.ask(c.trackers[i], method, target, v, token, body)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return a, err
		}
	}
	return a, err
}

func (c *client) ask(host, method, target string, v visitor, token string, body []byte) (answer, error) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.Header.SetMethod(method)
	request.SetRequestURI("http://" + host + target)
	request.Header.SetUserAgent(v.agent)
	request.Header.Set("X-Forwarded-For", v.address)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		request.Header.SetContentType("application/json")
		request.SetBodyRaw(body)
	}
	if err := c.http.DoTimeout(request, response, requestTimeout); err != nil {
		return answer{}, err
	}
	return answer{
		status:  response.StatusCode(),
		eventID: string(response.Header.Peek("X-Event-Id")), clickID: string(response.Header.Peek("X-Click-Id")),
		body: append([]byte(nil), response.Body()...),
	}, nil
}

// fate is what became of one event of a POST.
type fate struct{ accepted, wrong bool }

// fates reads the answer to a POST of n events: what it does not name was not promised.
func fates(body []byte, n int) []fate {
	var answer struct {
		Events []struct {
			EventID string `json:"event_id"`
			Status  string `json:"status"`
			Problem struct {
				Status int `json:"status"`
			} `json:"problem"`
		} `json:"events"`
	}
	list := make([]fate, n)
	if err := json.Unmarshal(body, &answer); err != nil {
		return list
	}
	for i, e := range answer.Events[:min(n, len(answer.Events))] {
		list[i].accepted = strings.EqualFold(e.Status, "accepted") && e.EventID != ""
		list[i].wrong = e.Problem.Status >= 400 && e.Problem.Status < 500
	}
	return list
}
