package xmlenc

import (
	"crypto/cipher"
	"crypto/des"
	"crypto/rand"
	"crypto/rsa"
)

// What is in this file is too weak for new connections, and some old identity
// providers can do nothing else. Policy switches it on.

const blockDES = des.BlockSize

func tripleDES(secret []byte) (cipher.Block, error) { return des.NewTripleDESCipher(secret) }

// decrypt15 decrypts a key of so many octets by RSA with the padding of
// PKCS #1 v1.5. If the padding is wrong the result is a random key, in the same
// time: nobody learns which of the two it was (Bleichenbacher). [RFC3218 2.3.2]
func decrypt15(key *rsa.PrivateKey, octets []byte, size int) ([]byte, error) {
	secret := make([]byte, size)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	err := rsa.DecryptPKCS1v15SessionKey(rand.Reader, key, octets, secret)
	return secret, err
}

func encrypt15(key *rsa.PublicKey, secret []byte) ([]byte, error) {
	return rsa.EncryptPKCS1v15(rand.Reader, key, secret)
}
