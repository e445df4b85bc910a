//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/mailtest"
)

// A postOffice is what mail and SMS go to: a mail server with STARTTLS and AUTH on, and a gateway for SMS. Journeys ask it for
// what has arrived, over HTTP.
type postOffice struct {
	sink *mailtest.Sink
	http *httptest.Server

	mu  sync.Mutex
	sms []text
}

// A text is an SMS.
type text struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

// A letter is a mail as a journey sees it.
type letter struct {
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	Links   []string `json:"links"`
}

// newPostOffice starts a post office for the length of a test.
func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{sink: mailtest.New(t, mailtest.Options{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /gateway", func(w http.ResponseWriter, r *http.Request) {
		var sms text
		if err := json.NewDecoder(r.Body).Decode(&sms); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sms = append(p.sms, sms)
	})
	mux.HandleFunc("GET /mail", func(w http.ResponseWriter, r *http.Request) { answer(w, r, p.letters) })
	mux.HandleFunc("GET /sms", func(w http.ResponseWriter, r *http.Request) { answer(w, r, p.texts) })
	p.http = httptest.NewServer(mux)
	t.Cleanup(p.http.Close)
	return p
}

// flags are what a server is told about the post office.
func (p *postOffice) flags() []string {
	return []string{
		"--smtp-url", "smtp://" + p.sink.Addr, "--smtp-ca", p.sink.CAFile, "--smtp-username", mailtest.User, "--smtp-password", mailtest.Password,
		"--mail-from", "Sallyport <no-reply@vendor.example>",
		"--sms-gateway", "webhook", "--sms-url", p.http.URL + "/gateway", "--sms-private", "--sms-body", `{"to": "{{to}}", "text": "{{text}}"}`,
	}
}

// letters returns the mails to an address, the oldest first.
func (p *postOffice) letters(to string) []letter {
	var all []letter
	for _, m := range p.sink.Mails() {
		if m.To == to {
			all = append(all, letter{m.Subject, m.Text, m.Links()})
		}
	}
	return all
}

// texts returns the SMS to a number, the oldest first.
func (p *postOffice) texts(to string) []text {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []text
	for _, sms := range p.sms {
		if sms.To == to {
			all = append(all, sms)
		}
	}
	return all
}

// answer answers with the n-th of what has arrived for somebody, counted from 0, and waits for it.
func answer[T any](w http.ResponseWriter, r *http.Request, arrived func(to string) []T) {
	n, err := strconv.Atoi(r.FormValue("n"))
	if err != nil || n < 0 {
		http.Error(w, "n?", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), startPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if all := arrived(r.FormValue("to")); len(all) > n {
			encoded, err := json.Marshal(all[n])
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(encoded) // a journey that is gone does not wait for it
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			http.Error(w, "nothing arrived", http.StatusNotFound)
			return
		}
	}
}
