package mailtest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"
)

// loginServer is the mechanism LOGIN, which go-sasl has for clients only.
type loginServer struct {
	check func(user, password string) error
	user  string
	step  int
}

// Next takes the next answer.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		if len(response) == 0 {
			l.step--
			if l.user == "asked" {
				return nil, false, errors.New("no user")
			}
			l.user = "asked"
			return []byte("Username:"), false, nil
		}
		l.user = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.user, string(response))
	}
}

// challenge of CRAM-MD5; a real server makes a new one each time.
const cramChallenge = "<1896.697170952@mail.example>"

// foreign is a mechanism that go-sasl has not: CRAM-MD5 and XOAUTH2.
type foreign struct {
	mechanism string
	check     func(user, password string) error
	asked     bool
}

// Next takes the next answer.
func (f *foreign) Next(response []byte) (challenge []byte, done bool, err error) {
	switch f.mechanism {
	case "CRAM-MD5":
		if !f.asked {
			f.asked = true
			return []byte(cramChallenge), false, nil
		}
		mac := hmac.New(md5.New, []byte(Password))
		_, _ = mac.Write([]byte(cramChallenge))
		if string(response) != User+" "+hex.EncodeToString(mac.Sum(nil)) {
			return nil, true, smtp.ErrAuthFailed
		}
		return nil, true, f.check(User, Password)
	case "XOAUTH2":
		user, rest, _ := strings.Cut(strings.TrimPrefix(string(response), "user="), "\x01auth=Bearer ")
		return nil, true, f.check(user, strings.TrimSuffix(rest, "\x01\x01"))
	default:
		return nil, true, smtp.ErrAuthUnknownMechanism
	}
}

// scramServer is the mechanism SCRAM-SHA-256 [RFC 5802, RFC 7677].
type scramServer struct {
	check       func(user, password string) error
	asked       bool
	step        int
	first, sent string // of the client, without its header; and ours
}

// salt and rounds of SCRAM, and our part of the nonce.
const (
	scramSalt   = "salt of a test"
	scramRounds = 4096
	scramNonce  = "ours"
)

// Next takes the next answer.
func (s *scramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if len(response) == 0 && s.first == "" && !s.asked { // the client waits for us to begin
		s.asked = true
		return []byte{}, false, nil
	}
	s.step++
	switch s.step {
	case 1:
		var ok bool
		if s.first, ok = strings.CutPrefix(string(response), "n,,"); !ok {
			return nil, true, smtp.ErrAuthFailed
		}
		_, nonce, _ := strings.Cut(s.first, ",r=")
		s.sent = fmt.Sprintf("r=%s%s,s=%s,i=%d", nonce, scramNonce, base64.StdEncoding.EncodeToString([]byte(scramSalt)), scramRounds)
		return []byte(s.sent), false, nil
	case 2:
		last, proof, _ := strings.Cut(string(response), ",p=")
		salted, err := pbkdf2.Key(sha256.New, Password, []byte(scramSalt), scramRounds, sha256.Size)
		if err != nil {
			return nil, true, err
		}
		message := s.first + "," + s.sent + "," + last
		clientKey := sign(salted, "Client Key")
		stored := sha256.Sum256(clientKey)
		want := make([]byte, sha256.Size)
		subtle.XORBytes(want, clientKey, sign(stored[:], message))
		name, _, _ := strings.Cut(strings.TrimPrefix(s.first, "n="), ",")
		if proof != base64.StdEncoding.EncodeToString(want) || !strings.HasPrefix(last, "c=biws,r=") || name != User {
			return nil, true, smtp.ErrAuthFailed
		}
		return []byte("v=" + base64.StdEncoding.EncodeToString(sign(sign(salted, "Server Key"), message))), false, nil
	default: // the client has judged us
		return nil, true, s.check(User, Password)
	}
}

func sign(key []byte, message string) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(message)) // never fails
	return mac.Sum(nil)
}
