package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// MirrorPath is before the token of a request that is told what came of it.
const MirrorPath = "/doctor/"

// What is sent along, to see what becomes of it on its way.
const (
	ProbeHeader = "Sallyport-Doctor"
	ProbeCookie = "sallyport-doctor"

	probeAddress = "192.0.2.77" // of nobody [RFC 5737]
)

// tokenLife is how long the mirror answers to a token.
const tokenLife = 2 * time.Minute

// certificateWarn is how long before the certificate of the base URL ends it is
// time to renew it.
const certificateWarn = 14 * 24 * time.Hour

// Reflection is what a server saw of a request.
type Reflection struct {
	Nonce     string   `json:"nonce"`
	Probe     []string `json:"probe"`     // values of our own header
	Bearer    []string `json:"bearer"`    // of Authorization
	Cookies   []string `json:"cookies"`   // values of our own cookie
	Forwarded []string `json:"forwarded"` // X-Forwarded-For
	Peer      string   `json:"peer"`      // address of the connection
	Address   string   `json:"address"`   // that counts as the client's
}

// Mirror tells the doctor what the server saw of its request.
type Mirror struct {
	DB  *store.DB
	Now func() time.Time
}

// Look completes what was seen of a request with this token. To a token that no
// doctor has made it is the store's [store.ErrNotFound].
func (m *Mirror) Look(ctx context.Context, token secret.Token, seen Reflection) (Reflection, error) {
	err := m.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		seen.Nonce, err = r.SingleUse(ctx, store.KindDoctor, token.Hash(), m.Now())
		return err
	})
	return seen, err
}

// front looks at the way from the base URL to a server on this database.
func (e *examination) front(ctx context.Context) {
	if e.BaseURL == "" {
		e.say("front.reach", Skip, "", "no --base-url was given", "")
		return
	}
	if e.blind {
		e.say("front.reach", Skip, "", "the database cannot be asked, so no server would know us", "")
		return
	}
	token, nonce := secret.NewToken(), secret.NewToken().Reveal()
	err := e.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindDoctor, token.Hash(), e.Now().Add(tokenLife), nonce)
	})
	if err != nil {
		e.say("front.reach", Skip, "", "the database takes no row, so no server would know us", "")
		return
	}
	request := safehttp.Request{Method: "GET", URL: e.BaseURL + MirrorPath + token.Reveal(), Header: map[string]string{
		ProbeHeader: nonce, "Authorization": "Bearer " + nonce, "Cookie": ProbeCookie + "=" + nonce, "X-Forwarded-For": probeAddress, "Accept": "application/json",
	}}
	began := time.Now()
	got, err := e.Caller.Exchange(ctx, request)
	asked := e.Now().Add(-time.Since(began) / 2) // by our clock, when it looked at its own
	if err != nil {
		e.failed("front.reach", e.BaseURL+" answers", err, "look whether the server runs (sallyport serve), the proxy passes on to --listen, the name leads here and the certificate is one that is trusted")
		return
	}
	if !got.Ends.IsZero() {
		e.ends(got.Ends)
	}
	if !got.Date.IsZero() {
		e.clock("clock.front", e.BaseURL, got.Date.Sub(asked))
	}
	seen, ok := e.instance(&got, nonce)
	if !ok {
		return
	}
	e.headers(&seen, nonce)
	e.address(&seen)
	e.cookies(&got, &seen, nonce)
}

// ends judges when the certificate of the base URL ends.
func (e *examination) ends(at time.Time) {
	left := at.Sub(e.Now())
	got := "ends in " + ago(left)
	if left < certificateWarn {
		e.say("front.certificate", Warn, "more than "+ago(certificateWarn)+" left", got, "renew the certificate of the base URL, and look why it does not renew itself")
		return
	}
	e.fine("front.certificate", got)
}

// instance judges whether a server on this database has answered.
func (e *examination) instance(got *safehttp.Exchange, nonce string) (Reflection, bool) {
	var seen Reflection
	answered := fmt.Sprintf("status %d", got.Status)
	switch err := json.Unmarshal(got.Body, &seen); {
	case got.Status >= 300 && got.Status < 400:
		e.say("front.instance", Fail, "an answer at the base URL itself", answered+", to "+got.Location, "let --base-url be the address to which it leads, or take the redirect away: cookies and identity providers count on one address")
	case got.Status == 404:
		e.say("front.instance", Fail, "a server on this database", answered+": whoever answers does not know what was written to this database a moment ago",
			"look whether the base URL leads to another deployment, to a server on another database, or to one of an older version")
	case got.Status != 200 || err != nil:
		e.say("front.instance", Fail, "a server on this database", answered+", and no word of ours", "look what answers in place of the server: a page of the proxy, a wall that asks who one is, a login of its own")
	case seen.Nonce != nonce:
		e.say("front.instance", Fail, "what this run has written", "what another one has", "switch the cache off that stands in front: answers of ours are nobody else's")
	default:
		e.fine("front.instance", "a server on this database")
		return seen, true
	}
	return seen, false
}

// headers judges what became of headers on their way.
func (e *examination) headers(seen *Reflection, nonce string) {
	const do = "let the proxy pass headers on as they come, each once"
	for _, h := range []struct {
		check, name string
		got         []string
		want        string
	}{{"front.headers", ProbeHeader, seen.Probe, nonce}, {"front.authorization", "Authorization", seen.Bearer, "Bearer " + nonce}} {
		switch {
		case slices.Equal(h.got, []string{h.want}):
			e.fine(h.check, h.name+" arrives")
		case len(h.got) == 0:
			e.say(h.check, Fail, h.name+" arrives", "it is stripped", do+"; without Authorization no app gets tokens and no program uses the API")
		case len(h.got) > 1:
			e.say(h.check, Fail, h.name+" arrives once", fmt.Sprintf("it arrives %d times", len(h.got)), do)
		default:
			e.say(h.check, Fail, h.name+" arrives", "it is changed", do)
		}
	}
}

// address judges whose address counts as that of who asks. Ours was sent with a
// header that claims another one.
func (e *examination) address(seen *Reflection) {
	const check = "front.address"
	hops := strings.FieldsFunc(strings.Join(seen.Forwarded, ","), func(r rune) bool { return r == ',' || r == ' ' })
	peer, err := netip.ParseAddr(seen.Peer)
	among := err == nil && slices.ContainsFunc(e.Proxies, func(n netip.Prefix) bool { return n.Contains(peer.Unmap()) })
	proxied := !slices.Equal(hops, []string{probeAddress})
	switch {
	case seen.Address == probeAddress && len(hops) > 1:
		// It was added by a proxy, and is one of those that are believed.
		e.say(check, Skip, "", "this machine itself, "+hops[len(hops)-1]+", is in --proxies, so that its own word is believed; look from another one", "")
	case seen.Address == probeAddress:
		e.say(check, Fail, "an address that nobody can choose", "the one that was claimed is believed",
			"let the proxy add to X-Forwarded-For, or replace it, and narrow --proxies to the proxy alone: whoever can say where they come from passes IP rules and is never slowed down")
	case proxied && len(hops) > 0 && !among:
		e.say(check, Fail, "the proxy in --proxies", "X-Forwarded-For comes from "+seen.Peer+", which is not among them: everybody counts as the proxy",
			"add "+seen.Peer+" to --proxies")
	case proxied && among && len(hops) == 0:
		e.say(check, Fail, "X-Forwarded-For from "+seen.Peer, "none: everybody counts as the proxy", "let the proxy set X-Forwarded-For to the address of who asks")
	case !proxied:
		e.fine(check, seen.Address+", directly; a claim to another one is not believed")
	default:
		e.fine(check, seen.Address+", through "+seen.Peer)
	}
}

// cookies judges what became of cookies on their way, in both directions.
func (e *examination) cookies(got *safehttp.Exchange, seen *Reflection, nonce string) {
	if !slices.Equal(seen.Cookies, []string{nonce}) {
		e.say("cookies.sent", Fail, "a cookie arrives, once and as it is", fmt.Sprintf("%d values", len(seen.Cookies)), "let the proxy pass Cookie on, and no cache stand in between: nobody can sign in")
	} else {
		e.fine("cookies.sent", "a cookie arrives")
	}
	const want = "the cookie of a sign-in: __Host-…; Path=/; Secure; HttpOnly; SameSite=Lax"
	secure := strings.HasPrefix(e.BaseURL, "https:")
	i := slices.IndexFunc(got.Cookies, func(c safehttp.Cookie) bool { return strings.HasSuffix(c.Name, "sallyport-browser") })
	if i < 0 {
		e.say("cookies.set", Fail, want, "none comes", "let the proxy pass Set-Cookie on: nobody can sign in")
		return
	}
	c := got.Cookies[i]
	var wrong []string
	note := func(bad bool, what string) {
		if bad {
			wrong = append(wrong, what)
		}
	}
	note(secure && !strings.HasPrefix(c.Name, "__Host-"), "the name "+c.Name)
	note(secure && !c.Secure, "no Secure")
	note(!c.HTTPOnly, "no HttpOnly")
	note(!c.Lax, "no SameSite=Lax")
	note(c.Path != "/", "Path="+c.Path)
	note(c.Domain != "", "Domain="+c.Domain)
	if len(wrong) > 0 {
		e.say("cookies.set", Fail, want, strings.Join(wrong, ", "), "let the proxy leave Set-Cookie as it is (no proxy_cookie_path, ProxyPassReverseCookiePath or rewriting of domains)")
		return
	}
	e.fine("cookies.set", c.Name+" comes as it was set")
}
