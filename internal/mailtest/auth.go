package mailtest

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"errors"
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
