/** Steps of `tokenizer.json` that tokenizers have in common, in the words of Hugging Face's `tokenizers`. */

/** Bytes as letters, read back; as GPT-2 has it. */
export const byteLevelDecoder = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };

/** Spaces as `▁`, and bytes where a character is not in the vocabulary; as SentencePiece has it for LLaMA. */
export function sentencePieceSteps(scheme: 'always' | 'first' | 'never') {
  return {
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split: false },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(scheme === 'never' ? [] : [{ type: 'Strip', content: ' ', start: 1, stop: 0 }]),
      ],
    },
  };
}
