package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/mailtest"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/store"
)

// What a flow puts into the outbox reaches the mail server that the flags name,
// with the password out of its file.
func TestServerSendsWhatWaits(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t, mailtest.Options{})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(mailtest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := messagesConfig{
		Mail: mailConfig{URL: "smtp://" + sink.Addr, Username: mailtest.User, PasswordFile: password, Auth: "auto", CA: sink.CAFile},
		From: "Vendor <no-reply@vendor.example>",
	}
	carriers, err := flags.carriers("http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(t.Context(), serverConfig{
		database: database{Database: "sqlite:" + filepath.Join(t.TempDir(), "x.db")}, baseURL: "http://127.0.0.1:8080", name: "Vendor",
		log: slog.New(slog.DiscardHandler), carriers: carriers,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	err = s.db.Write(t.Context(), func(tx *store.Writer) error {
		return s.outbox.Enqueue(t.Context(), tx, notify.Message{Channel: notify.Mail, Kind: notify.SSOInstead, To: "bob@acme.example", Data: map[notify.Gap]string{
			notify.Organization: "Acme", notify.Link: "/login/acme",
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	m := sink.Wait(t, "bob@acme.example", 1)
	if link, err := m.Link(); err != nil || link.String() != "http://127.0.0.1:8080/login/acme" || !m.Protected {
		t.Errorf("the mail leads to %v, %v, and came protected %v", link, err, m.Protected)
	}
}
