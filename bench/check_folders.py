#!/usr/bin/env python3
"""Open variants of a Hugging Face folder in t5train and in transformers, and compare.

  pip install torch transformers sentencepiece protobuf
  bench/check_folders.py T5TRAIN_BINARY [NAME...]      # NAME: variants whose name begins so; all without one

A tiny model is made, and of it some hundred folders: keys of config.json, generation_config.json and of the tokenizer's
files, tensors that are stored twice, left out or renamed, indexes of shards. Both programs score a target, generate, cut
texts into tokens and decode tokens. For each folder one of three must hold: the answers are the same; t5train refuses the folder and
says why; transformers refuses it, and t5train has an answer of its own (these are listed, to be read).
"""
import copy, json, math, pathlib, shutil, subprocess, sys, tempfile

import sentencepiece, torch, transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
TEXT, TARGET = "hello world the cat", "good news"
TEXTS = [TEXT, "a <extra_id_0> b <X> c<Y>d", "one  two\nthree\tfour <pad></s> x", "The CAT's it 's, n't . end", "<Z>  <X><X> the<X>", "{a}"]
SCORED = ("config", "generation", "weights")
variants = {}
KNOWN = {  # differences that are meant
    "config/mt5 scale": "t5train writes the key for an mT5 that version 4 has tied, and follows it",
    "one form": "transformers finds one of the two tokens, now this and now that",
    "blanks normalised": "the same",
}


def variant(name):
    return lambda change: variants.setdefault(name, change)


def edit(folder, file, remove=(), **keys):
    path = folder / file
    values = json.loads(path.read_text()) if path.exists() else {}
    values.update(keys)
    for key in remove:
        values.pop(key, None)
    path.write_text(json.dumps(values, indent=1))


def define_config(name, remove=(), **keys):
    variants["config/" + name] = lambda folder: edit(folder, "config.json", remove, **keys)


def generation(name, remove=(), **keys):
    base = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
    variants["generation/" + name] = lambda folder: edit(folder, "generation_config.json", remove, **{**base, **keys})


def in_config(name, remove=(), **keys):
    variants["generation/in config.json " + name] = lambda folder: edit(folder, "config.json", remove, **keys)


def weights(name, change=None, **keys):
    def apply(folder):
        edit(folder, "config.json", **keys)
        if change:
            tensors = load_file(folder / "model.safetensors")
            change(tensors)
            save_file({k: v.contiguous().clone() for k, v in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
    variants["weights/" + name] = apply


def tokenizer(name, remove=(), files=None, **keys):
    def apply(folder):
        edit(folder, "tokenizer_config.json", remove, **keys)
        for file, value in (files or {}).items():
            (folder / file).write_text(json.dumps(value))
    variants["tokenizer/" + name] = apply


def added(content, **flags):
    return {"content": content, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": False, **flags}


def define():
    config = define_config
    config("plain")
    for act in transformers.activations.ACT2CLS:
        config("dense_act_fn " + act, dense_act_fn=act, is_gated_act=True)
        config("feed_forward_proj gated-" + act, feed_forward_proj="gated-" + act, remove=("dense_act_fn", "is_gated_act"))
    config("dense_act_fn of Flan-T5 2022", feed_forward_proj="gelu", dense_act_fn="gelu", is_gated_act=True)
    config("dense_act_fn null", dense_act_fn=None)
    config("is_gated_act against the weights", is_gated_act=False)
    config("is_gated_act alone", feed_forward_proj="gelu_new", is_gated_act=True, remove=("dense_act_fn",))
    config("is_gated_act null", is_gated_act=None)
    config("feed_forward_proj gated", feed_forward_proj="gated")
    config("feed_forward_proj a-b-c", feed_forward_proj="gated-gelu-new")
    config("feed_forward_proj null", feed_forward_proj=None)
    config("hidden_size alone", hidden_size=16, remove=("d_model",))
    config("hidden_size wins", hidden_size=16, d_model=512)
    config("num_attention_heads", num_attention_heads=2, num_heads=8)
    config("head_dim", head_dim=8, d_kv=64)
    config("num_hidden_layers", num_hidden_layers=2, num_layers=5, num_decoder_layers=2)
    config("num_hidden_layers alone", num_hidden_layers=2, remove=("num_layers", "num_decoder_layers"))
    config("num_decoder_layers absent", remove=("num_decoder_layers",))
    config("num_decoder_layers null", num_decoder_layers=None)
    config("num_layers null", num_layers=None)
    config("head_dim null", head_dim=None)
    for key in ("d_model", "d_kv", "d_ff", "num_layers", "num_heads", "vocab_size", "relative_attention_num_buckets",
                "relative_attention_max_distance", "layer_norm_epsilon", "dropout_rate", "feed_forward_proj", "model_type"):
        config(key + " absent", remove=(key,))
        config(key + " zero", **{key: 0})
        config(key + " text", **{key: "4"})
    config("d_ff fraction", d_ff=32.0)
    config("layer_norm_epsilon 0.1", layer_norm_epsilon=0.1)
    config("relative_attention_max_distance 20", relative_attention_max_distance=20)
    config("tied absent", remove=("tie_word_embeddings",))
    config("tied true", tie_word_embeddings=True)
    config("tied null", tie_word_embeddings=None)
    config("scale true", scale_decoder_outputs=True)
    config("scale false, tied", scale_decoder_outputs=False, tie_word_embeddings=True)
    config("scale null", scale_decoder_outputs=None, tie_word_embeddings=True)
    def umt5(name, remove=(), **keys):
        def apply(folder):
            edit(folder, "config.json", remove, model_type="umt5", **keys)
            tensors = load_file(folder / "model.safetensors")
            for half in ("encoder", "decoder"):
                bias = half + ".block.{}.layer.0.SelfAttention.relative_attention_bias.weight"
                tensors[bias.format(1)] = tensors[bias.format(0)].flip(0)
            save_file({k: v.contiguous().clone() for k, v in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
        variants["config/" + name] = apply

    umt5("umt5 without tie_word_embeddings", ("tie_word_embeddings",))
    for kind in ("mt5", "umt5"):
        config = define_config if kind == "mt5" else lambda name, remove=(), model_type=None, **keys: umt5(name, remove, **keys)
        for tied in (True, False, None):
            config(f"{kind} tied {tied}", model_type=kind, tie_word_embeddings=tied, transformers_version="5.24.0")
        config(kind + " absent", model_type=kind, remove=("tie_word_embeddings", "feed_forward_proj", "decoder_start_token_id"))
        config(kind + " scale", model_type=kind, scale_decoder_outputs=True)
    config = define_config
    for key in ("pad_token_id", "eos_token_id", "decoder_start_token_id", "bos_token_id"):
        config(key + " absent", remove=(key,))
        config(key + " null", **{key: None})
        config(key + " 3", **{key: 3})
        config(key + " -1", **{key: -1})
        config(key + " 1000", **{key: 1000})
        config(key + " list", **{key: [1, 3]})
        config(key + " list of one", **{key: [1]})
        config(key + " empty list", **{key: []})
        config(key + " fraction", **{key: 1.0})
    config("eos_token_id without </s>", eos_token_id=[3, 4])
    for key, value in {
        "is_encoder_decoder": False, "is_decoder": True, "use_cache": False, "dtype": "float32", "torch_dtype": "float32",
        "initializer_factor": 0.05, "classifier_dropout": 0.3, "chunk_size_feed_forward": 4, "tie_encoder_decoder": True,
        "per_layer_config": {"0": {"layer_norm_epsilon": 0.5}}, "quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True},
        "pruned_heads": {"0": [0]}, "output_attentions": True, "output_hidden_states": True, "return_dict": False, "id2label": {"0": "A"}, "num_labels": 3,
        "n_positions": 3, "max_position_embeddings": 3, "prefix": "sum: ", "task_specific_params": {"x": {"num_beams": 4}}, "auto_map": {"AutoModel": "a.b"},
        "problem_type": "regression", "tie_last_hidden_states": True, "output_past": True, "gradient_checkpointing": True, "attn_implementation": "eager",
        "add_cross_attention": True, "cross_attention_hidden_size": 4, "unknown_key": 5, "finetuning_task": "x", "tokenizer_class": "T5Tokenizer",
    }.items():
        config(f"{key} {value}", **{key: value})

    generation("plain")
    for key in ("decoder_start_token_id", "eos_token_id", "pad_token_id"):
        generation(key + " absent", remove=(key,))
        generation(key + " null", **{key: None})
        generation(key + " 3", **{key: 3})
        generation(key + " list", **{key: [1, 100]})
        generation(key + " list of one", **{key: [1]})
    generation("bos for start", remove=("decoder_start_token_id",), bos_token_id=7)
    choices = {
        "num_beams": 3, "length_penalty": 2.0, "no_repeat_ngram_size": 2, "encoder_no_repeat_ngram_size": 1, "repetition_penalty": 1.5, "max_length": 5,
        "max_new_tokens": 4, "min_length": 6, "min_new_tokens": 5, "bad_words_ids": [[100], [55, 3]], "suppress_tokens": [100, 55], "forced_eos_token_id": 1,
        "forced_bos_token_id": 9, "begin_suppress_tokens": [100], "forced_decoder_ids": [[1, 9]], "top_k": 3, "temperature": 0.5, "top_p": 0.5,
        "num_return_sequences": 1, "early_stopping": True, "exponential_decay_length_penalty": [2, 1.5], "sequence_bias": [[[100], -5.0]],
        "diversity_penalty": 0.5, "num_beam_groups": 2, "penalty_alpha": 0.6, "stop_strings": ["x"], "max_time": 100.0, "guidance_scale": 1.5, "dola_layers": "high",
        "encoder_repetition_penalty": 1.5, "renormalize_logits": True, "remove_invalid_values": True, "use_cache": False, "prompt_lookup_num_tokens": 2,
        "constraints": None, "force_words_ids": [[5]], "watermarking_config": {"greenlist_ratio": 0.25}, "token_healing": True, "unknown_key": 5, "top_h": 0.5,
        "num_assistant_tokens": 20, "assistant_confidence_threshold": 0.4, "return_dict_in_generate": True, "output_scores": True, "low_memory": True,
    }
    for key, value in choices.items():
        generation(f"{key} {value}", **{key: value})
        in_config(f"{key} {value}", **{key: value})
    generation("beams and penalty", num_beams=4, length_penalty=0.2, early_stopping="never")
    in_config("eos list", eos_token_id=[1, 100])

    head = lambda t: t.update({"lm_head.weight": t["shared.weight"]})
    weights("plain")
    weights("no head, untied", lambda t: t.pop("lm_head.weight"))
    weights("no head, tied", lambda t: t.pop("lm_head.weight"), tie_word_embeddings=True)
    weights("head stored, equal, tied", head, tie_word_embeddings=True)
    weights("head stored, equal, untied", head)
    weights("head of its own, tied", lambda t: t.update({"lm_head.weight": t["shared.weight"].flip(0)}), tie_word_embeddings=True)
    weights("head of its own, untied", lambda t: t.update({"lm_head.weight": t["shared.weight"].flip(0)}))
    for half in ("encoder", "decoder"):
        name = half + ".embed_tokens.weight"
        weights(half + " embedding twice, equal", lambda t, name=name: t.update({name: t["shared.weight"]}))
        weights(half + " embedding of its own", lambda t, name=name: t.update({name: t["shared.weight"].flip(0)}))
        weights(half + " embedding in place of shared", lambda t, name=name: t.update({name: t.pop("shared.weight")}))
    weights("both embeddings in place of shared, different", lambda t: t.update(
        {"decoder.embed_tokens.weight": t["shared.weight"].flip(0), "encoder.embed_tokens.weight": t.pop("shared.weight")}))
    weights("head in place of shared", lambda t: t.update({"lm_head.weight": t.pop("shared.weight")}))
    weights("stray bias", lambda t: t.update({"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight": torch.ones(32, 2)}))
    weights("unknown tensor", lambda t: t.update({"more": torch.ones(3)}))
    weights("missing norm", lambda t: t.pop("encoder.final_layer_norm.weight"))
    weights("prefix of T5Model", lambda t: [t.update({"transformer." + k: t.pop(k)}) for k in list(t)])
    weights("encoder alone", lambda t: [t.pop(k) for k in list(t) if k.startswith("decoder.")], architectures=["T5EncoderModel"])
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        weights(f"{dtype}", lambda t, dtype=dtype: [t.update({k: v.to(dtype)}) for k, v in t.items()], dtype="float32")

    @variant("weights/metadata null")
    def _(folder):
        remake_header(folder / "model.safetensors", lambda h: h.update({"__metadata__": None}))

    @variant("weights/metadata absent")
    def _(folder):
        remake_header(folder / "model.safetensors", lambda h: h.pop("__metadata__", None))

    @variant("weights/metadata empty")
    def _(folder):
        remake_header(folder / "model.safetensors", lambda h: h.update({"__metadata__": {}}))

    @variant("weights/metadata of another format")
    def _(folder):
        remake_header(folder / "model.safetensors", lambda h: h.update({"__metadata__": {"format": "np", "x": ""}}))

    def shards(name, change):
        def apply(folder):
            tensors = load_file(folder / "model.safetensors")
            (folder / "model.safetensors").unlink()
            files, names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], sorted(tensors)
            parts = [names[: len(names) // 2], names[len(names) // 2 :]]
            index = {"metadata": {"total_size": 5}, "weight_map": {n: f for f, part in zip(files, parts) for n in part}}
            change(index, parts)
            for f, part in zip(files, parts):
                save_file({n: tensors[n].clone() for n in part}, folder / f, {"format": "pt"})
            (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        variants["weights/shards, " + name] = apply

    shards("plain", lambda index, parts: None)
    shards("index of Flan-T5 XL", lambda index, parts: index["weight_map"].update(
        {k + ".embed_tokens.weight": "model-00001-of-00002.safetensors" for k in ("encoder", "decoder")}))
    shards("index with lm_head", lambda index, parts: index["weight_map"].update({"lm_head.weight": "model-00001-of-00002.safetensors"}))
    shards("index with a stranger", lambda index, parts: index["weight_map"].update({"more": "model-00001-of-00002.safetensors"}))
    shards("index without a tensor", lambda index, parts: index["weight_map"].pop("shared.weight"))
    shards("index names the other shard", lambda index, parts: index["weight_map"].update({"shared.weight": "model-00001-of-00002.safetensors"}))
    shards("metadata absent", lambda index, parts: index.pop("metadata"))
    shards("metadata null", lambda index, parts: index.update(metadata=None))
    shards("index key more", lambda index, parts: index.update(more=5))
    shards("tensor in both", lambda index, parts: parts[0].append("shared.weight"))

    extra = [f"<extra_id_{i}>" for i in range(100)]
    plain = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    tokenizer("plain")
    tokenizer("no extra_ids", remove=("extra_ids",))
    tokenizer("extra_ids 10", extra_ids=10)
    tokenizer("extra_ids 0", extra_ids=0)
    tokenizer("extra_ids null", extra_ids=None)
    tokenizer("extra_ids null, listed", extra_ids=None, additional_special_tokens=extra)
    for key in ("additional_special_tokens", "extra_special_tokens"):
        tokenizer(key, **{key: extra + ["<X>", "<Y>"]})
        tokenizer(key + " alone", **{key: ["<X>", "<Y>"]})
        tokenizer(key + " of 10 extra ids", **{key: extra[:10] + ["<X>"]})
        tokenizer(key + " null", **{key: None})
        tokenizer(key + " empty", **{key: []})
        tokenizer(key + " dict", **{key: {"x_token": "<X>", "y_token": "<Y>"}})
        tokenizer(key + " objects", **{key: [{**added("<X>", lstrip=True), "__type": "AddedToken"}]})
        tokenizer(key + " in the map", files={"special_tokens_map.json": {**plain, key: extra + ["<X>", "<Y>"]}})
        tokenizer(key + " in the map alone", files={"special_tokens_map.json": {**plain, key: ["<X>", "<Y>"]}})
        tokenizer(key + " in both", files={"special_tokens_map.json": {**plain, key: extra + ["<X>", "<Y>"]}}, **{key: extra + ["<X>", "<Y>"]})
        tokenizer(key + " and added_tokens.json", files={"added_tokens.json": {"<X>": 350, "<Y>": 351}}, **{key: extra + ["<X>"]})
        tokenizer(key + " and added_tokens.json and map", files={"added_tokens.json": {"<X>": 350, "<Y>": 351},
                  "special_tokens_map.json": {**plain, key: extra + ["<X>"]}})
        tokenizer(key + " and decoder", added_tokens_decoder={"350": added("<X>"), "351": added("<Y>", special=True)}, **{key: extra + ["<X>"]})
        tokenizer(key + " piece", **{key: extra + ["▁the", "the"]})
        tokenizer(key + " and decoder, more in the list", added_tokens_decoder={"350": added("<X>")}, **{key: extra + ["<X>", "<Y>", "<Z>"]})
    tokenizer("added_tokens.json", files={"added_tokens.json": {"<X>": 350, "<Y>": 351}})
    tokenizer("added_tokens.json out of order", files={"added_tokens.json": {"<X>": 351, "<Y>": 350}})
    tokenizer("added_tokens.json with a gap", files={"added_tokens.json": {"<X>": 350, "<Y>": 353}})
    tokenizer("added_tokens.json with a piece", files={"added_tokens.json": {"the": 350, "<X>": 351}})
    for flag in ("lstrip", "rstrip", "normalized", "single_word", "special"):
        tokenizer("decoder " + flag, added_tokens_decoder={"350": added("<X>", **{flag: True}), "351": added("the", **{flag: True})})
    tokenizer("decoder with a gap", added_tokens_decoder={"350": added("<X>"), "353": added("<Y>")})
    tokenizer("decoder, blanks normalised", added_tokens_decoder={"350": added("\n", normalized=True), "351": added("\t", normalized=True)})
    tokenizer("decoder, blanks", added_tokens_decoder={"350": added("\n"), "351": added("\t")})
    tokenizer("decoder, one form", added_tokens_decoder={"350": added("①", normalized=True), "351": added("1", normalized=True)})
    tokenizer("decoder, one text", added_tokens_decoder={"350": added("<X>"), "351": added("<X>")})
    tokenizer("decoder, one text, other flags", added_tokens_decoder={"350": added("<X>"), "351": added("<X>", special=True)})
    tokenizer("decoder, raw and normalised", added_tokens_decoder={"350": added("a"), "351": added("ａ", normalized=True)})
    tokenizer("decoder empty token", added_tokens_decoder={"350": added("")})
    tokenizer("decoder known pieces", added_tokens_decoder={"0": added("<pad>", special=True), "1": added("</s>", special=True), "2": added("<unk>", special=True),
              "349": added("<extra_id_0>", special=True, lstrip=True, rstrip=True), "350": added("<X>")})
    tokenizer("decoder eos normalised", added_tokens_decoder={"1": added("</s>", special=True, normalized=True)})
    tokenizer("decoder sentinel not special", added_tokens_decoder={"349": added("<extra_id_0>"), "348": added("<extra_id_1>", normalized=True)})
    tokenizer("decoder ids swapped", added_tokens_decoder={"350": added("<Y>"), "351": added("<X>")})
    tokenizer("decoder id of a piece", added_tokens_decoder={"20": added("<X>")})
    tokenizer("decoder piece", added_tokens_decoder={"PIECE": None})
    tokenizer("decoder without flags", added_tokens_decoder={"350": {"content": "<X>"}, "351": {"content": "<Y>", "special": True}})
    tokenizer("decoder null", added_tokens_decoder=None)
    tokenizer("decoder and added_tokens.json", files={"added_tokens.json": {"<Y>": 350}}, added_tokens_decoder={"350": added("<X>")})
    for key in ("eos_token", "unk_token", "pad_token", "bos_token", "mask_token", "sep_token", "cls_token", "image_token"):
        tokenizer(key + " <X>", **{key: "<X>"})
        tokenizer(key + " null", **{key: None})
        tokenizer(key + " object", **{key: {**added("<X>", rstrip=True), "__type": "AddedToken"}})
        tokenizer(key + " in the map", files={"special_tokens_map.json": {**plain, key: added("<X>")}})
        tokenizer(key + " absent", remove=(key,))
    for key, value in {
        "clean_up_tokenization_spaces": True, "split_special_tokens": True, "legacy": False, "sp_model_kwargs": {"enable_sampling": True},
        "add_bos_token": True, "add_eos_token": False, "do_lower_case": True, "add_prefix_space": True, "model_max_length": 3, "max_length": 3,
        "padding_side": "left", "truncation_side": "left", "keep_accents": False, "spaces_between_special_tokens": True, "use_fast": False,
        "add_dummy_prefix_space": False, "backend": "tokenizers", "chat_template": "x", "unknown_key": 1, "init_inputs": [], "vocab_file": "other.model",
        "model_input_names": ["input_ids"], "from_slow": True, "prefix": "x", "errors": "replace", "special_tokens_map_file": None, "name_or_path": "t5-small",
        "tokenizer_file": None, "processor_class": "x", "auto_map": {"AutoTokenizer": ["a.B", None]}, "tokenize_chinese_chars": True,
    }.items():
        tokenizer(f"{key} {value}", **{key: value})
    for name in ("T5Tokenizer", "T5TokenizerFast", "MT5Tokenizer", "PreTrainedTokenizerFast", "TokenizersBackend", "ByT5Tokenizer", "LlamaTokenizer",
                 "RobertaTokenizer", "BertTokenizer", "AlbertTokenizer", None):
        tokenizer(f"class {name}", tokenizer_class=name)

    def fast(name, change=lambda f: None, remove=(), without_model=False, **keys):
        def apply(folder):
            tok = AutoTokenizer.from_pretrained(folder)
            tok._tokenizer.save(str(folder / "tokenizer.json"))
            content = json.loads((folder / "tokenizer.json").read_text())
            change(content)
            (folder / "tokenizer.json").write_text(json.dumps(content))
            edit(folder, "tokenizer_config.json", remove, **keys)
            if without_model:
                (folder / "spiece.model").unlink()
        variants["tokenizer/json " + name] = apply

    more = lambda *tokens: lambda f: f["added_tokens"].extend({"id": 350 + i, **t} for i, t in enumerate(tokens))
    for kind in ("T5Tokenizer", "PreTrainedTokenizerFast"):
        for without in (False, True):
            tag = f"{kind} {'alone' if without else 'and model'}: "
            fast(tag + "plain", tokenizer_class=kind, without_model=without)
            fast(tag + "added", more(added("<X>", special=True), added("<Y>", normalized=True)), tokenizer_class=kind, without_model=without)
            fast(tag + "added and decoder", more(added("<X>")), tokenizer_class=kind, without_model=without,
                 added_tokens_decoder={"350": added("<X>", special=True), "351": added("<Y>")})
            fast(tag + "added and special", more(added("<X>")), tokenizer_class=kind, without_model=without, additional_special_tokens=extra + ["<X>", "<Y>"])
            fast(tag + "one form", more(added("\n", normalized=True), added("\t", normalized=True)), tokenizer_class=kind, without_model=without)
            fast(tag + "lower case", lambda f: f.update(normalizer={"type": "Sequence", "normalizers": [f["normalizer"], {"type": "Lowercase"}]}),
                 tokenizer_class=kind, without_model=without)
            fast(tag + "truncation", lambda f: f.update(truncation={"max_length": 3, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}),
                 tokenizer_class=kind, without_model=without)
            fast(tag + "no post-processor", lambda f: f.update(post_processor=None), tokenizer_class=kind, without_model=without)
            fast(tag + "clean up", tokenizer_class=kind, without_model=without, clean_up_tokenization_spaces=True)
            fast(tag + "added null", lambda f: f.update(added_tokens=None), tokenizer_class=kind, without_model=without)


def remake_header(path, change):
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + size :])


def base(folder):
    folder.mkdir()
    corpus = [p.read_text(errors="ignore") for p in sorted(pathlib.Path(__file__).resolve().parent.parent.glob("docs/*.md"))]
    lines = [line for text in corpus for line in text.splitlines() if line.strip()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / "spiece"), vocab_size=250, model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        minloglevel=2, hard_vocab_limit=False)
    (folder / "spiece.vocab").unlink()
    torch.manual_seed(1)
    c = transformers.T5Config(
        vocab_size=384, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_decoder_layers=2, num_heads=2, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False, decoder_start_token_id=0)
    model = transformers.T5ForConditionalGeneration(c)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn(p.shape) * (0.4 if "norm" not in name else 0.3) + ("norm" in name))
    model.save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"] = torch.randn(tensors["shared.weight"].shape)  # untied, as in T5 1.1
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    (folder / "generation_config.json").unlink()
    values = json.loads((folder / "config.json").read_text())
    values.pop("scale_decoder_outputs", None)
    values.update(tie_word_embeddings=False, architectures=["T5ForConditionalGeneration"])
    (folder / "config.json").write_text(json.dumps(values, indent=1))
    edit(folder, "tokenizer_config.json", tokenizer_class="T5Tokenizer", extra_ids=100, eos_token="</s>", unk_token="<unk>", pad_token="<pad>")


def reference(folder, kind):
    """What transformers answers, or the error."""
    out = {}
    umt5 = json.loads((folder / "config.json").read_text()).get("model_type") == "umt5"  # which has no class for a spiece.model
    tok = transformers.T5Tokenizer.from_pretrained(folder) if umt5 else AutoTokenizer.from_pretrained(folder)
    if kind in SCORED:
        model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
        inputs = tok(TEXT, return_tensors="pt")
        labels = tok(TARGET, return_tensors="pt").input_ids
        with torch.no_grad():
            if kind != "generation":
                out["score"] = -float(model(**inputs, labels=labels).loss) * labels.shape[1]
            limit = {} if model.generation_config.max_length or model.generation_config.max_new_tokens else {"max_new_tokens": 12}
            generated = model.generate(**inputs, **limit)
            generated = getattr(generated, "sequences", generated)
            out["text"] = tok.decode(generated[0][1:], skip_special_tokens=True)
    else:
        out["ids"] = [tok(t, add_special_tokens=False, truncation=False).input_ids for t in TEXTS]
        out["decoded"] = [tok.decode(i, skip_special_tokens=False) for i in out["ids"]]
        out["skipped"] = [tok.decode(i, skip_special_tokens=True) for i in out["ids"]]
    return out


def run(binary, *args):
    p = subprocess.run([binary, *map(str, args)], capture_output=True, text=True)
    if p.returncode != 0:
        if "panic" in p.stderr or p.returncode not in (1, 2):
            sys.exit(f"{args}: exit {p.returncode}\n{p.stderr}")
        raise ValueError(p.stderr.strip().splitlines()[-1])
    return p.stdout


def ours(binary, folder, kind, want):
    out = {}
    if kind in SCORED:
        if kind != "generation":
            out["score"] = json.loads(run(binary, "score", "--model", folder, "--text", TEXT, "--target", TARGET))["log_prob"]
        limited = any(k in (folder / f).read_text() for f in ("config.json", "generation_config.json") if (folder / f).exists() for k in ('"max_length"', '"max_new_tokens"'))
        limit = () if limited else ("--max-output-length", 12)
        out["text"] = json.loads(run(binary, "predict", "--model", folder, "--text", TEXT, *limit))["output"]
    else:
        out["ids"] = [[int(i) for i in run(binary, "tokenizer", "encode", "--tokenizer", folder, "--eos=false", "--text", t).split()] for t in TEXTS]
        given = (want or out)["ids"]
        decode = lambda i, *flags: run(binary, "tokenizer", "decode", "--tokenizer", folder, "--ids", " ".join(map(str, i)), *flags)[:-1]
        out["decoded"] = [decode(i) for i in given]
        out["skipped"] = [decode(i, "--skip-special") for i in given]
    return out


def same(a, b):
    if isinstance(a, float):
        return math.isclose(a, b, abs_tol=2e-3, rel_tol=2e-4)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def main():
    binary, only = sys.argv[1], sys.argv[2:]
    define()
    counts = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        base(root / "base")
        for name, change in variants.items():
            if only and not name.startswith(tuple(only)):
                continue
            kind, folder = name.split("/")[0], root / "variant"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(root / "base", folder)
            change(folder)
            want = got = theirs = refusal = None
            try:
                want = reference(folder, kind)
            except Exception as e:
                theirs = (str(e).strip().splitlines() or [type(e).__name__])[0][:120]
            try:
                got = ours(binary, folder, kind, want)
            except ValueError as e:
                refusal = str(e).replace(str(folder), "MODEL")
            verdict = "same" if want and got and same(want, got) else "DIFFERENT" if want and got else "refused" if want else "only ours" if got else "both refuse"
            if verdict == "DIFFERENT" and any(part in name for part in KNOWN):
                verdict = "known"
            counts[verdict] = counts.get(verdict, 0) + 1
            if verdict != "same":
                print(f"{verdict:12} {name}")
            if verdict == "DIFFERENT":
                for k in want:
                    if not same(want[k], got[k]):
                        pairs = zip(want[k], got[k]) if isinstance(want[k], list) else [(want[k], got[k])]
                        for theirs_, ours_ in pairs:
                            if not same(theirs_, ours_):
                                print(f"             {k}: transformers {theirs_!r}\n             {k}: t5train      {ours_!r}")
            if refusal:
                print(f"             t5train: {refusal[:300]}")
            if theirs:
                print(f"             transformers: {theirs}")
    print(counts)
    sys.exit(counts.get("DIFFERENT", 0) > 0)


main()
