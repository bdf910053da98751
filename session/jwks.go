package session

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// jwkSet is a JSON Web Key Set (RFC 7517 section 5).
type jwkSet struct {
	Keys []jwk `json:"keys"`
}

// jwk is a public key: kty OKP (RFC 8037) or EC (RFC 7518 section 6.2).
type jwk struct {
	Type      string    `json:"kty"`
	Curve     string    `json:"crv"`
	Use       string    `json:"use,omitempty"`
	Algorithm Algorithm `json:"alg,omitempty"`
	ID        string    `json:"kid"`
	X         string    `json:"x"`
	Y         string    `json:"y,omitempty"`
	// Private is never written; a document that has it is refused.
	Private string `json:"d,omitempty"`
}

// publicKey verifies signatures of the one algorithm it is for.
type publicKey struct {
	algorithm Algorithm
	verify    func(input, signature []byte) bool
}

// marshalJWKS writes the public parts of signing keys.
func marshalJWKS(keys []key) ([]byte, error) {
	set := jwkSet{Keys: make([]jwk, 0, len(keys))}
	for i := range keys {
		public, err := keys[i].jwk()
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", keys[i].ID, err)
		}
		set.Keys = append(set.Keys, public)
	}
	return json.Marshal(set)
}

func (k *key) jwk() (jwk, error) {
	public := jwk{Use: "sig", Algorithm: k.Algorithm, ID: k.ID}
	if k.Algorithm == EdDSA {
		public.Type, public.Curve = "OKP", "Ed25519"
		public.X = base64.RawURLEncoding.EncodeToString(k.ed25519Key().Public().(ed25519.PublicKey))
		return public, nil
	}
	private, err := k.ecdsaKey()
	if err != nil {
		return jwk{}, err
	}
	point, err := private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return jwk{}, err
	}
	public.Type, public.Curve = "EC", "P-256"
	public.X = base64.RawURLEncoding.EncodeToString(point[1:33])
	public.Y = base64.RawURLEncoding.EncodeToString(point[33:])
	return public, nil
}

// parseJWKS reads a key set document. Keys of other kinds are passed over, as
// RFC 7517 section 5 wants; a malformed key of a known kind, a repeated id, a
// private key and a set without a usable key are errors.
func parseJWKS(data []byte) (map[string]*publicKey, error) {
	var set jwkSet
	if err := decodeOpen(data, &set); err != nil {
		return nil, fmt.Errorf("key set document: %w", err)
	}
	keys := make(map[string]*publicKey, len(set.Keys))
	for i := range set.Keys {
		k := &set.Keys[i]
		if k.Private != "" {
			return nil, fmt.Errorf("key set document: keys[%d]: a private key", i)
		}
		public, err := k.public()
		if err != nil {
			return nil, fmt.Errorf("key set document: keys[%d]: %w", i, err)
		}
		if public == nil {
			continue
		}
		if !validKeyID(k.ID) || keys[k.ID] != nil {
			return nil, fmt.Errorf("key set document: keys[%d].kid: malformed or repeated", i)
		}
		keys[k.ID] = public
	}
	if len(keys) == 0 {
		return nil, errors.New("key set document: no usable key")
	}
	return keys, nil
}

// public returns the key, nil when it is not for verifying assertions.
func (k *jwk) public() (*publicKey, error) {
	if k.Use != "" && k.Use != "sig" {
		return nil, nil
	}
	switch {
	case k.Type == "OKP" && k.Curve == "Ed25519" && (k.Algorithm == "" || k.Algorithm == EdDSA):
		return k.ed25519()
	case k.Type == "EC" && k.Curve == "P-256" && (k.Algorithm == "" || k.Algorithm == ES256):
		return k.p256()
	}
	return nil, nil
}

func (k *jwk) ed25519() (*publicKey, error) {
	x, err := decodeBase64(k.X)
	if err != nil || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("malformed Ed25519 key")
	}
	public := ed25519.PublicKey(x)
	return &publicKey{EdDSA, func(input, signature []byte) bool {
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(public, input, signature)
	}}, nil
}

func (k *jwk) p256() (*publicKey, error) {
	x, errX := decodeBase64(k.X)
	y, errY := decodeBase64(k.Y)
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil, errors.New("malformed P-256 key")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, errors.New("not a point of P-256")
	}
	return &publicKey{ES256, func(input, signature []byte) bool {
		if len(signature) != 64 {
			return false
		}
		digest := sha256.Sum256(input)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	}}, nil
}
