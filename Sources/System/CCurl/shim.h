#pragma once
#include <curl/curl.h>

// libcurl's setopt and getinfo take a variable argument, which Swift cannot call: one inline function
// for each type of it. The parentheses round the name keep libcurl's type-checking macros out.

static inline CURLcode vesper_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode vesper_set_long(CURL *easy, CURLoption option, long value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode vesper_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode vesper_set_string(CURL *easy, CURLoption option, const char *value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode vesper_set_pointer(CURL *easy, CURLoption option, void *value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode vesper_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return (curl_easy_setopt)(easy, option, value);
}

// WRITEFUNCTION, HEADERFUNCTION and READFUNCTION share one signature.
typedef size_t (*vesper_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode vesper_set_data_callback(CURL *easy, CURLoption option, vesper_data_callback value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode vesper_set_socket_callback(CURL *easy, curl_opensocket_callback value) {
  return (curl_easy_setopt)(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}
static inline CURLcode vesper_set_progress_callback(CURL *easy, curl_xferinfo_callback value) {
  return (curl_easy_setopt)(easy, CURLOPT_XFERINFOFUNCTION, value);
}

static inline CURLcode vesper_get_long(CURL *easy, CURLINFO info, long *value) {
  return (curl_easy_getinfo)(easy, info, value);
}
static inline CURLcode vesper_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
  return (curl_easy_getinfo)(easy, info, value);
}
static inline CURLcode vesper_get_string(CURL *easy, CURLINFO info, const char **value) {
  return (curl_easy_getinfo)(easy, info, (char **)value);
}

static inline CURLMcode vesper_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return (curl_multi_setopt)(multi, option, value);
}
