#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

// Verification of signatures over a message with SHA-256, public keys given as JSON Web Keys have them. 1 is a good
// signature; everything else (bad, malformed, no memory) is 0. Of OpenSSL 3's long way from numbers to a key.

static inline int vesper_verify(
    const char *kind, OSSL_PARAM_BLD *builder, const unsigned char *message, size_t messageLength,
    const unsigned char *signature, size_t signatureLength) {
  int isGood = 0;
  OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  EVP_PKEY *key = NULL;
  if (parameters && context && digest && EVP_PKEY_fromdata_init(context) == 1 &&
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1 &&
      EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) == 1)
    isGood = EVP_DigestVerify(digest, signature, signatureLength, message, messageLength) == 1;
  EVP_PKEY_free(key);
  EVP_MD_CTX_free(digest);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  return isGood;
}

// RSASSA-PKCS1-v1_5 (RFC 7518, 3.3); modulus and exponent big-endian.
static inline int vesper_verify_rs256(
    const unsigned char *modulus, size_t modulusLength, const unsigned char *exponent, size_t exponentLength,
    const unsigned char *message, size_t messageLength, const unsigned char *signature, size_t signatureLength) {
  int isGood = 0;
  BIGNUM *n = BN_bin2bn(modulus, (int)modulusLength, NULL);
  BIGNUM *e = BN_bin2bn(exponent, (int)exponentLength, NULL);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    isGood = vesper_verify("RSA", builder, message, messageLength, signature, signatureLength);
  OSSL_PARAM_BLD_free(builder);
  BN_free(e);
  BN_free(n);
  return isGood;
}

// ECDSA on P-256 (RFC 7518, 3.4): the signature is r and s, 32 bytes each; the point is 4, x, y.
static inline int vesper_verify_es256(
    const unsigned char point[65], const unsigned char *message, size_t messageLength,
    const unsigned char signature[64]) {
  int isGood = 0;
  unsigned char *packed = NULL;
  ECDSA_SIG *pair = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  int length = 0;
  if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
    r = s = NULL;  // they are the pair's now
    length = i2d_ECDSA_SIG(pair, &packed);
  }
  if (length > 0 && builder &&
      OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 65) == 1)
    isGood = vesper_verify("EC", builder, message, messageLength, packed, (size_t)length);
  OPENSSL_free(packed);
  OSSL_PARAM_BLD_free(builder);
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(pair);
  return isGood;
}
