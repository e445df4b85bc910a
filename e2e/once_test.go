//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

// posts is how often one response is posted at the same time.
const posts = 100

// TestOneResponseMakesOneSession posts one genuine response many times at once, each time from the browser that began,
// and expects one sign-in, one session and otherwise refusals.
func TestOneResponseMakesOneSession(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, d)
			b := newPlain(t)
			r := s.response(t, b, bob)
			before := s.count(t, "sessions")

			ends := make([]end, posts)
			ready := make(chan struct{})
			var all sync.WaitGroup
			for i := range ends {
				client := b.client(t, s.baseURL)
				all.Go(func() {
					<-ready
					ends[i] = post(t, client, r)
				})
			}
			close(ready)
			all.Wait()

			signedIn := 0
			for _, e := range ends {
				switch {
				case strings.HasPrefix(e.location, s.node.redirectURI()+"?") && strings.Contains(e.location, "code="):
					signedIn++
				case failureCode.MatchString(e.body) && e.status >= 400 && e.status < 500:
				default:
					t.Errorf("a post ended with status %d at %q, which is neither a sign-in nor a refusal\n%s",
						e.status, e.location, e.body)
				}
			}
			if signedIn != 1 {
				t.Errorf("%d of %d posts signed in, want 1", signedIn, posts)
			}
			if made := s.count(t, "sessions") - before; made != 1 {
				t.Errorf("%d sessions were made, want 1", made)
			}
		})
	}
}

// An end is the last answer of our server to a request: a page, or a redirect away from it.
type end struct {
	status         int
	location, body string
}

// post makes the request and follows redirects for as long as they stay on our server.
func post(t *testing.T, client *http.Client, r *request) end {
	form := url.Values{}
	for _, f := range r.Fields {
		form.Set(f[0], f[1])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL, strings.NewReader(form.Encode()))
	if err != nil {
		t.Error(err)
		return end{}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return end{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return end{res.StatusCode, res.Header.Get("Location"), string(body)}
}

// client returns an HTTP client with the cookies that b has for a server, which stays on that server.
func (b plain) client(t *testing.T, server string) *http.Client {
	t.Helper()
	content, err := os.ReadFile(b.jar)
	if err != nil {
		t.Fatal(err)
	}
	var kept []struct{ Name, Value, Path, Domain string }
	if err := json.Unmarshal(content, &kept); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range kept {
		if c.Domain == u.Hostname() {
			jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: c.Path}})
		}
	}
	return &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Host != u.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}
