/** A failure that users of LoRA tools report again and again, and what becomes of it here. */
export interface KnownFailure {
  readonly failure: string;
  /** Threads in which people met it: `owner/repo#number`. */
  readonly seen: readonly string[];
  /** Titles of recipes of the corpus that have it; what they are told is shown. */
  readonly recipes?: readonly string[];
  /** Codes that only a run or its data can give, tried by other tests. */
  readonly codes?: readonly string[];
  /** What becomes of it beside a message, in a sentence or two. */
  readonly besides?: string;
}

/** In the order of the path from a recipe to the use of its adapter. */
export const knownFailures: readonly KnownFailure[] = [
  {
    failure: 'Targets are named as another architecture names them',
    seen: ['hiyouga/LlamaFactory#3597'],
    recipes: ['GPT-2 names on LLaMA'],
  },
  {
    failure: 'One of several targets is misspelt and silently left out',
    seen: ['huggingface/peft#1959'],
    recipes: ['One of several misspelt'],
  },
  { failure: 'A pattern in a list of names', seen: ['huggingface/peft#1206'], recipes: ['A pattern in a list'] },
  {
    failure: 'A model whose targets nobody chose',
    seen: ['mymusise/ChatGLM-Tuning#163'],
    recipes: ['A model whose targets nobody chose'],
  },
  {
    failure: '`all-linear` reaches the output layer',
    seen: ['huggingface/peft#2027'],
    besides:
      'It means every linear layer of the blocks, never the head; the hover lists them, and so does `lora plan`.',
  },
  {
    failure: 'A classifier head is random again after loading',
    seen: ['huggingface/peft#310', 'huggingface/peft#577', 'huggingface/peft#876'],
    recipes: ['A saved classifier', 'Classification'],
    besides: 'New heads belong to classification, which cannot be trained here yet.',
  },
  {
    failure: 'The padding token is the end token, its label is masked, and the model never stops',
    seen: ['huggingface/trl#976', 'unslothai/unsloth#416'],
    recipes: ['Turns that end in a word'],
    besides:
      'Labels are masked by their position, never by their id, so an end token is learnt whatever pads the rows.',
  },
  {
    failure: 'No end token is ever appended',
    seen: ['huggingface/trl#734'],
    recipes: ['A tokenizer without an end', 'An end that is many tokens'],
  },
  {
    failure: 'A chat template on a base model that never saw its tokens',
    seen: ['hiyouga/LlamaFactory#5593'],
    recipes: ['Chats on a base model of Qwen'],
  },
  {
    failure: 'The chat template of another family',
    seen: ['hiyouga/LlamaFactory#6736'],
    recipes: ['ChatML on LLaMA'],
  },
  {
    failure: 'Each row begins with two begin tokens',
    seen: ['OpenRLHF/OpenRLHF#393'],
    recipes: ['A chat template that begins twice'],
  },
  {
    failure: 'All labels are masked, because the marker of the answer is not found',
    seen: ['unslothai/unsloth#2900'],
    recipes: ['Questions without answers'],
    besides: 'Answers are found by their columns or turns, not by a marker in the text.',
  },
  {
    failure: 'Rows are cut off before their answers; the loss is 0',
    seen: ['huggingface/trl#6668'],
    recipes: ['Prompts that fill every row', 'Some prompts that fill their rows'],
  },
  {
    failure: 'The mask of the assistant is all zero, because the template has no generation marks',
    seen: ['QwenLM/Qwen3#1522'],
    recipes: ['Chats on a base model'],
    besides: 'Without marks the mask comes from writing each conversation turn by turn.',
  },
  {
    failure: 'The mask of the assistant is all one: the questions are learnt too',
    seen: ['NVIDIA-NeMo/Megatron-Bridge#3359'],
    besides: '**Preview Data** and `lora tokens` colour exactly the tokens that are learnt.',
  },
  {
    failure: 'Columns that nobody mapped',
    seen: ['huggingface/trl#2541', 'huggingface/open-r1#454'],
    recipes: ['Columns that nobody mapped', 'Pairs read as text'],
  },
  {
    failure: 'Types that are mixed, or an array where lines are expected, and no row is named',
    seen: ['tloen/alpaca-lora#239', 'huggingface/datasets#6460'],
    recipes: ['A number where a text belongs', 'A list where a text belongs'],
    besides: 'An array in a `.jsonl` file is read as what it is.',
  },
  {
    failure: 'A folder of images of the wrong layout',
    seen: ['bmaltais/kohya_ss#3004'],
    recipes: ['Pictures'],
    besides: 'Models of images cannot be trained here yet.',
  },
  {
    failure: 'Hardly any rows, and a failure that says nothing',
    seen: ['microsoft/foundry-dev-tools#221'],
    recipes: ['Five rows', 'A file without rows'],
  },
  {
    failure: 'bf16 on a device that does not have it',
    seen: ['unslothai/unsloth#2783'],
    recipes: ['A precision that the machine does not have'],
  },
  {
    failure: 'Trainable weights in fp16',
    seen: ['huggingface/diffusers#6086'],
    besides: 'Adapters and the state of their optimizer are always 32-bit floating point numbers.',
  },
  {
    failure: 'NaN from an image decoder in fp16',
    seen: ['kohya-ss/sd-scripts#952'],
    besides: 'Models of images cannot be trained here yet.',
  },
  {
    failure: 'The learning rate is too high, and the loss is NaN',
    seen: ['tloen/alpaca-lora#391'],
    recipes: ['A rate that makes NaN'],
    codes: ['training-diverged'],
    besides: 'A run ends at the first loss or gradient that is no finite number, and keeps the last good state.',
  },
  {
    failure: 'Tens of epochs over few rows',
    seen: ['yuanjie-ai/zero_nlp#88'],
    recipes: ['Forty passes over forty rows', 'Twenty passes and nothing to see'],
  },
  {
    failure: 'Out of memory in the middle of a run',
    seen: ['huggingface/peft#525'],
    recipes: ['Short of memory'],
    codes: ['out-of-memory'],
    besides: 'The longest batch is tried before the first step.',
  },
  {
    failure: 'Out of memory at the first evaluation',
    seen: ['huggingface/transformers#25313'],
    besides: 'An evaluation keeps sums, never logits: it takes less than a training step on the same rows.',
  },
  {
    failure: 'Adapters that get no gradient',
    seen: ['huggingface/peft#1142'],
    codes: ['adapter-without-gradient', 'adapter-unchanged'],
    besides: 'Tried in the first two steps, and proved on the finished adapter.',
  },
  {
    failure: 'A run that is resumed begins its optimizer and its schedule anew',
    seen: ['huggingface/peft#859'],
    codes: ['recipe-differs-from-run', 'resume-dataset-changed', 'resume-model-changed'],
    besides: 'A checkpoint holds everything; a run that was stopped and resumed ends with the same bytes.',
  },
  {
    failure: 'Added tokens, and a size that does not fit when the adapter is loaded',
    seen: ['huggingface/peft#2415'],
    recipes: ['New tokens that nobody uses', 'A new token in a text'],
  },
  {
    failure: 'Tied embeddings: the trained head is lost in a merge',
    seen: ['huggingface/peft#2018'],
    recipes: ['The head of a tied model', 'One end of a tied pair in full'],
    besides: '`lora merge` writes the two as weights of their own.',
  },
  {
    failure: 'Merged into a quantized base, the model says something else',
    seen: ['huggingface/peft#2321'],
    recipes: ['A GPTQ model'],
  },
  {
    failure: 'Merged in another precision than it was trained in',
    seen: ['huggingface/peft#2105'],
    codes: ['merge-differs'],
    besides:
      'Whatever number format the file of the base model has, its weights are computed with as 32-bit numbers, in training and in use alike.',
  },
  {
    failure: 'A weighted combination of adapters that is silently wrong',
    seen: ['huggingface/peft#3761', 'huggingface/peft#3737'],
    codes: ['adapters-not-combinable', 'merge-contested'],
  },
  {
    failure: 'An adapter is loaded, but the model says the same as without it',
    seen: ['huggingface/peft#2115', 'huggingface/peft#2566'],
    codes: ['adapter-without-effect', 'adapter-misfit', 'adapter-tensor-unknown'],
  },
  {
    failure: 'The configuration of a newer PEFT is refused',
    seen: ['huggingface/peft#2275'],
    codes: ['adapter-setting-unsupported'],
    besides: 'Unknown settings are skipped while they are off; one that changes what the adapter does is named.',
  },
  {
    failure: 'An adapter with trained embeddings or modules cannot become GGUF',
    seen: ['ggml-org/llama.cpp#11554'],
    recipes: ['GGUF and saved modules'],
  },
  {
    failure: 'vLLM refuses ranks above 16, heads and DoRA',
    seen: ['vllm-project/vllm#2847', 'vllm-project/vllm#9280'],
    recipes: ['vLLM and rank 32', 'A head for vLLM'],
  },
  {
    failure: 'Gibberish in Ollama after the export',
    seen: ['ollama/ollama#8363'],
    recipes: ['Ollama and biases'],
    besides:
      "`lora export --format ollama` writes a template only where it gives the same text as the model's own, and the texts that end an answer.",
  },
  {
    failure: 'Keys of a diffusion adapter in another dialect',
    seen: ['huggingface/diffusers#14005'],
    besides: 'Models of images cannot be trained here yet.',
  },
];
