package main

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
)

// How sign-ins are measured: so many people at the same time, of so many.
const (
	browsers = 32
	people   = 400
	warmUp   = 400
	signIns  = 4000
)

// signins tells how many sign-ins and exchanges the server does in a second of
// its CPU time.
func signins(w *world, scratch string) (text string, err error) {
	secret := rand.Text() + rand.Text()
	s, err := w.startServer(scratch, "signins.db", secret)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	idle, err := s.memory()
	if err != nil {
		return "", err
	}
	l := &load{server: s, idp: w, secret: secret}
	if _, err := l.spend(warmUp, l.signIn); err != nil {
		return "", err
	}
	whole, err := l.spend(signIns, l.signIn)
	if err != nil {
		return "", err
	}
	busy, err := s.memory()
	if err != nil {
		return "", err
	}
	exchanges, err := l.exchanges(signIns)
	if err != nil {
		return "", err
	}
	return table("The server on SQLite, in a process of its own; rates are for each second of its CPU time", [][]string{
		{"", "here", "to reach"},
		{"whole SSO sign-ins a second", fmt.Sprintf("%.0f", whole), "1500"},
		{"codes exchanged for tokens a second", fmt.Sprintf("%.0f", exchanges), "4000"},
		{"start to first answer", fmt.Sprintf("%d ms", s.ready.Milliseconds()), "100 ms"},
		{"memory, idle", fmt.Sprintf("%.0f MB", idle), "40 MB"},
		{"memory, under load", fmt.Sprintf("%.0f MB", busy), "80 MB"},
	})
}

// What is stored where a server is full.
const (
	storedConnections = 100_000
	storedPeople      = 1_000_000
	storedTurns       = 5
	storedReach       = 0.9 // of the rate of an empty one
)

// stored tells how many sign-ins a second a server does that is full, and one
// that is empty, by turns.
func stored(w *world, scratch string) (text string, err error) {
	binary, err := program(scratch)
	if err != nil {
		return "", err
	}
	fill := exec.CommandContext(context.Background(), binary, "dev", "fill", "--database", "sqlite:"+filepath.Join(scratch, "stored.db"),
		"--organizations", strconv.Itoa(storedConnections), "--users", strconv.Itoa(storedPeople), "--events", "0")
	fill.Dir, fill.Stderr = scratch, os.Stderr
	if err := fill.Run(); err != nil {
		return "", fmt.Errorf("filling a database: %w", err)
	}
	secret := rand.Text() + rand.Text()
	var loads []*load
	defer func() {
		for _, l := range loads {
			err = errors.Join(err, l.server.stop())
		}
	}()
	for _, file := range []string{"empty.db", "stored.db"} {
		s, err := w.startServer(scratch, file, secret)
		if err != nil {
			return "", err
		}
		l := &load{server: s, idp: w, secret: secret}
		loads = append(loads, l)
		if _, err := l.spend(warmUp, l.signIn); err != nil {
			return "", err
		}
	}
	rates, shares := [2][]float64{}, []float64{}
	for range storedTurns {
		for i, l := range loads {
			rate, err := l.spend(signIns/storedTurns, l.signIn)
			if err != nil {
				return "", err
			}
			rates[i] = append(rates[i], rate)
		}
		shares = append(shares, rates[1][len(shares)]/rates[0][len(shares)])
	}
	return table(fmt.Sprintf("Whole SSO sign-ins in each second of the server's CPU time, with %d connections and %d people stored", storedConnections, storedPeople), [][]string{
		{"", "empty", "full", "full of empty", "to reach"},
		{"", fmt.Sprintf("%.0f", median(rates[0])), fmt.Sprintf("%.0f", median(rates[1])), fmt.Sprintf("%.0f %%", 100*median(shares)), fmt.Sprintf("%.0f %%", 100*storedReach)},
	})
}

// load is many people who sign in.
type load struct {
	server *server
	idp    *world
	secret string
	next   atomic.Int64
}

// spend does a thing so often, by several at the same time, and returns how often
// it was done in a second of the server's CPU time.
func (l *load) spend(times int, do func() error) (float64, error) {
	before, err := l.server.cpuTime()
	if err != nil {
		return 0, err
	}
	work := make(chan struct{}, times)
	for range times {
		work <- struct{}{}
	}
	close(work)
	failures := make(chan error, browsers)
	var all sync.WaitGroup
	for range browsers {
		all.Go(func() {
			for range work {
				if err := do(); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return 0, err
	}
	after, err := l.server.cpuTime()
	return float64(times) / (after - before).Seconds(), err
}

var transport = &http.Transport{MaxIdleConnsPerHost: 2 * browsers}

// browser is what one person signs in with: it keeps cookies and follows nothing.
func browser() (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	return &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, err
}

// signIn is one whole sign-in: authorize, identity provider, code, tokens,
// userinfo.
func (l *load) signIn() error {
	client, err := browser()
	if err != nil {
		return err
	}
	n := l.next.Add(1)
	verifier, code, err := l.code(client, fmt.Sprintf("user%d@%s", n%people, domain))
	if err != nil {
		return err
	}
	access, err := l.exchange(code, verifier)
	if err != nil {
		return err
	}
	request, err := newRequest(http.MethodGet, l.server.base+"/oauth2/userinfo", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+access)
	status, _, body, err := send(client, request)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("userinfo: %d %s %w", status, body, err)
	}
	return nil
}

// authorize returns the address of an authorize request.
func (l *load) authorize(verifier, hint string) string {
	challenge := sha256.Sum256([]byte(verifier))
	return l.server.base + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "scope": {"openid email profile"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}, "login_hint": {hint},
	}.Encode()
}

// code signs somebody in, and returns the verifier and the code that the
// application gets.
func (l *load) code(client *http.Client, address string) (verifier, code string, err error) {
	verifier = rand.Text() + rand.Text()
	to, err := follow(client, l.authorize(verifier, address))
	for err == nil && to.Host == l.server.host() { // pages of ours that send on
		to, err = follow(client, to.String())
	}
	if err != nil {
		return "", "", fmt.Errorf("authorize: %w", err)
	}
	form, err := l.idp.answer(to, l.server.base, address)
	if err != nil {
		return "", "", err
	}
	request, err := newRequest(http.MethodPost, l.server.base+"/saml/"+connection+"/acs", strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "https://idp.example")
	bare := &http.Client{Transport: transport, CheckRedirect: client.CheckRedirect} // a post from another site brings no cookies
	status, to, body, err := send(bare, request)
	if err != nil || to == nil {
		return "", "", fmt.Errorf("response: %d %s %w", status, body, err)
	}
	for to.Host == l.server.host() {
		if to, err = follow(client, to.String()); err != nil {
			return "", "", fmt.Errorf("finishing: %w", err)
		}
	}
	if code = to.Query().Get("code"); code == "" {
		return "", "", fmt.Errorf("no code in %s", to)
	}
	return verifier, code, nil
}

func (s *server) host() string { return s.base[len("http://"):] }

// answer has the identity provider answer the request that a URL carries.
func (w *world) answer(to *url.URL, base, address string) (url.Values, error) {
	packed, err := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	if err != nil {
		return nil, err
	}
	message, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, err
	}
	id, err := requestID(message)
	if err != nil {
		return nil, err
	}
	idp := *w.idp
	idp.Now, idp.RequestID = time.Now(), id
	idp.SPEntityID, idp.ACS = base+"/saml/"+connection+"/metadata", base+"/saml/"+connection+"/acs"
	r := idp.Response()
	r.NameID = address
	r.Attributes = []saml.Attribute{{Name: "mail", Values: []string{address}}, {Name: "givenName", Values: []string{"Alice"}}, {Name: "groups", Values: []string{"red", "green"}}}
	doc, err := r.XML()
	return url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(doc)}, "RelayState": {to.Query().Get("RelayState")}}, err
}

// exchange gives a code for an access token.
func (l *load) exchange(code, verifier string) (string, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	request, err := newRequest(http.MethodPost, l.server.base+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(clientID, l.secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, _, body, err := send(&http.Client{Transport: transport}, request)
	if err != nil || status != http.StatusOK {
		return "", fmt.Errorf("token: %d %s %w", status, body, err)
	}
	var tokens struct {
		Access string `json:"access_token"`
	}
	err = json.Unmarshal(body, &tokens)
	return tokens.Access, err
}

// exchanges returns how many codes are exchanged in a second of CPU time: the
// codes are of people who are signed in, and not on the bill.
func (l *load) exchanges(times int) (float64, error) {
	client, err := browser()
	if err != nil {
		return 0, err
	}
	if _, _, err := l.code(client, "user0@"+domain); err != nil {
		return 0, err
	}
	type held struct{ code, verifier string }
	const batch = 500 // a code is good for a minute
	var spent, done float64
	for range times / batch {
		codes := make(chan held, batch)
		for range batch {
			verifier := rand.Text() + rand.Text()
			to, err := follow(client, l.authorize(verifier, ""))
			if err != nil {
				return 0, err
			}
			codes <- held{to.Query().Get("code"), verifier}
		}
		rate, err := l.spend(batch, func() error {
			h := <-codes
			_, err := l.exchange(h.code, h.verifier)
			return err
		})
		if err != nil {
			return 0, err
		}
		done, spent = done+batch, spent+batch/rate
	}
	return done / spent, nil
}

// follow asks for an address and returns where the answer leads.
func follow(client *http.Client, address string) (*url.URL, error) {
	request, err := newRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	status, to, body, err := send(client, request)
	if err == nil && to == nil {
		err = fmt.Errorf("%s answers %d and leads nowhere: %.2000s", address, status, body)
	}
	return to, err
}

func newRequest(method, address string, body io.Reader) (*http.Request, error) {
	return http.NewRequestWithContext(context.Background(), method, address, body)
}

// send asks, and returns the status, where the answer leads, and its body.
func send(client *http.Client, request *http.Request) (int, *url.URL, []byte, error) {
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return 0, nil, nil, err
	}
	to, err := answer.Location()
	if errors.Is(err, http.ErrNoLocation) {
		return answer.StatusCode, nil, body, nil
	}
	return answer.StatusCode, to, body, err
}
