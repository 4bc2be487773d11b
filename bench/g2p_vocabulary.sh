#!/bin/bash
# Make a vocabulary for words to phonemes: the letters of the words, and each of ARPAbet's 69 phonemes as one piece.
#
#   bench/g2p_vocabulary.sh T5TRAIN_BINARY DATA_FOLDER OUTPUT
#
# DATA_FOLDER has train-*.parquet with the columns word and phonemes.
set -euo pipefail
if [ $# -ne 3 ]; then
    sed -n '2,6p' "$0" >&2
    exit 2
fi
symbols=
for consonant in B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH; do
    symbols+=▁$consonant,
done
for vowel in AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW; do
    for stress in 0 1 2; do
        symbols+=▁$vowel$stress,
    done
done
# 26 letters, the blank before a word, 69 phonemes, <pad>, </s> and <unk>
"$1" tokenizer train --input "$2/train-*.parquet:word" --output "$3" --type bpe --vocab-size 99 --character-coverage 1 --extra-ids 0 --user-symbols "${symbols%,}"
