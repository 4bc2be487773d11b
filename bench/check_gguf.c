// check_gguf reads a GGUF of architecture t5 with llama.cpp and answers lines of standard input, for check_gguf.py:
//
//	cc -O2 -I LLAMA/include -I LLAMA/ggml/include bench/check_gguf.c -o check_gguf LIBDIR/libllama.so LIBDIR/libggml.so
//	check_gguf MODEL.gguf TOKENS
//
//	t HEX   text in hexadecimal: tokenized by llama.cpp, with its </s>
//	i IDS   ids with spaces between them, as they are
//
// Each line is answered by the ids of the input, a |, the ids of the greedy answer (at most TOKENS, without the start
// token), a |, the sum of the logarithms of their probabilities, a |, and the first three numbers of the encoder state.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ggml-backend.h"
#include "llama.h"

enum { MAX = 4096 };

static void quiet(enum ggml_log_level level, const char *text, void *user) {
	(void)user;
	if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

static int parse(const struct llama_vocab *vocab, char *line, llama_token *ids) {
	static char text[MAX * 8];
	int n = 0;
	if (line[0] == 't') {
		for (char *p = line + 2; p[0] && p[1] && n < (int)sizeof text; p += 2) {
			unsigned byte;
			if (sscanf(p, "%2x", &byte) != 1) break;
			text[n++] = (char)byte;
		}
		return llama_tokenize(vocab, text, n, ids, MAX, true, true);
	}
	for (char *word = strtok(line + 1, " \n"); word && n < MAX; word = strtok(NULL, " \n")) ids[n++] = atoi(word);
	return n;
}

int main(int argc, char **argv) {
	if (argc != 3) return fprintf(stderr, "usage: check_gguf MODEL.gguf TOKENS\n"), 2;
	llama_log_set(quiet, NULL);
	const char *backends = getenv("GGML_BACKENDS"); // folder of libggml-cpu-*.so, where they are files of their own
	if (backends) ggml_backend_load_all_from_path(backends);
	struct llama_model_params mp = llama_model_default_params();
	struct llama_model *model = llama_model_load_from_file(argv[1], mp);
	if (!model) return fprintf(stderr, "cannot load %s\n", argv[1]), 1;
	const struct llama_vocab *vocab = llama_model_get_vocab(model);
	struct llama_context_params cp = llama_context_default_params();
	cp.n_ctx = cp.n_batch = cp.n_ubatch = MAX;
	cp.n_threads = cp.n_threads_batch = 1;
	cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
	cp.type_k = cp.type_v = GGML_TYPE_F32;
	cp.embeddings = !llama_model_has_decoder(model);
	struct llama_context *ctx = llama_init_from_model(model, cp);
	if (!ctx) return fprintf(stderr, "cannot make a context\n"), 1;
	int rows = llama_vocab_n_tokens(vocab), limit = atoi(argv[2]);
	static char line[MAX * 16];
	static llama_token ids[MAX];
	while (fgets(line, sizeof line, stdin)) {
		int n = parse(vocab, line, ids);
		for (int i = 0; i < n; i++) printf("%d ", ids[i]);
		printf("|");
		llama_memory_t memory = llama_get_memory(ctx);
		if (memory) llama_memory_clear(memory, true);
		if (n <= 0 || llama_encode(ctx, llama_batch_get_one(ids, n))) return fprintf(stderr, "cannot encode\n"), 1;
		double sum = 0;
		llama_token token = llama_model_decoder_start_token(model);
		for (int i = 0; i < limit && llama_model_has_decoder(model); i++) {
			if (llama_decode(ctx, llama_batch_get_one(&token, 1))) return fprintf(stderr, "cannot decode\n"), 1;
			const float *logits = llama_get_logits_ith(ctx, -1);
			int best = 0;
			double all = 0;
			for (int j = 1; j < rows; j++)
				if (logits[j] > logits[best]) best = j;
			for (int j = 0; j < rows; j++) all += exp((double)logits[j] - logits[best]);
			sum -= log(all);
			printf(" %d", token = best);
			if (llama_vocab_is_eog(vocab, token)) break;
		}
		printf(" | %.6f |", sum);
		const float *states = cp.embeddings ? llama_get_embeddings_ith(ctx, 0) : NULL;
		for (int i = 0; states && i < 3; i++) printf(" %.6g", states[i]);
		printf("\n");
		fflush(stdout);
	}
	llama_free(ctx);
	llama_model_free(model);
	return 0;
}
