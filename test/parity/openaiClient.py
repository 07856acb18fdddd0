"""The official Python client speaks to a running `lora serve`. Usage: openaiClient.py URL BASE ADAPTER

Each check is a line of JSON: {"name", "error"}; error is null where all is as OpenAI's interface promises.
"""

import json
import sys
import threading
import traceback

import openai

url, base, adapter = sys.argv[1:4]
client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=120)
question = [{"role": "user", "content": "1, 2, 3,"}]
checks = []


def check(function):
    checks.append(function)
    return function


@check
def models_are_listed():
    assert [model.id for model in client.models.list()] == [base, adapter]
    assert client.models.retrieve(adapter).owned_by == "lora-workbench"


@check
def a_chat_is_answered_with_counts():
    answer = client.chat.completions.create(model=adapter, messages=question, temperature=0, max_tokens=8)
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason in ("stop", "length")
    usage = answer.usage
    assert usage.prompt_tokens > 0 and 0 < usage.completion_tokens <= 8
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert answer.model == adapter


@check
def a_stream_is_the_same_text_and_counts_at_its_end():
    asked = dict(model=adapter, messages=question, temperature=0, max_tokens=12)
    whole = client.chat.completions.create(**asked)
    text, reasons, usage = "", [], None
    for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
        usage = chunk.usage or usage
    assert text == whole.choices[0].message.content
    assert reasons == [whole.choices[0].finish_reason]
    assert usage == whole.usage


@check
def the_typed_stream_of_the_client_works():
    with client.chat.completions.stream(model=adapter, messages=question, temperature=0, max_tokens=6) as stream:
        texts = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(texts) == final.choices[0].message.content


@check
def completions_take_texts_lists_and_ids():
    asked = dict(model=base, temperature=0, max_tokens=6)
    one = client.completions.create(prompt="1, 2,", **asked)
    both = client.completions.create(prompt=["1, 2,", "4, 5,"], **asked)
    assert [choice.index for choice in both.choices] == [0, 1]
    assert both.choices[0].text == one.choices[0].text
    echoed = client.completions.create(prompt="1, 2,", echo=True, **asked)
    assert echoed.choices[0].text == "1, 2," + one.choices[0].text
    assert client.completions.create(prompt=[5, 6, 7], **asked).usage.prompt_tokens == 3
    streamed = client.completions.create(prompt="1, 2,", stream=True, **asked)
    assert "".join(chunk.choices[0].text for chunk in streamed) == one.choices[0].text


@check
def the_adapter_answers_otherwise_than_its_base():
    asked = dict(prompt="10, 20,", temperature=0, max_tokens=8, logprobs=1)
    answers = [client.completions.create(model=model, **asked).choices[0] for model in (base, adapter)]
    assert answers[0].logprobs.token_logprobs != answers[1].logprobs.token_logprobs


@check
def log_probabilities_are_what_they_should_be():
    asked = dict(model=adapter, messages=question, temperature=0, max_tokens=4, logprobs=True, top_logprobs=3)
    choice = client.chat.completions.create(**asked).choices[0]
    assert "".join(token.token for token in choice.logprobs.content) == choice.message.content
    for token in choice.logprobs.content:
        assert len(token.top_logprobs) == 3 and token.logprob <= 0
        assert token.logprob == max(other.logprob for other in token.top_logprobs)
        assert bytes(token.bytes).decode() == token.token
    plain = client.completions.create(model=base, prompt="1, 2,", temperature=0, max_tokens=3, logprobs=2)
    logprobs = plain.choices[0].logprobs
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.top_logprobs) == 3
    assert all(logprob == max(top.values()) for logprob, top in zip(logprobs.token_logprobs, logprobs.top_logprobs))


@check
def stop_ends_the_text_before_it():
    asked = dict(model=base, prompt="1, 2, 3,", temperature=0, max_tokens=12)
    whole = client.completions.create(**asked).choices[0].text
    stop = whole[3:5]
    cut = client.completions.create(**asked, stop=[stop]).choices[0]
    assert cut.text == whole[: whole.index(stop)]
    assert cut.finish_reason == "stop"


@check
def a_seed_draws_the_same_again():
    def drawn(seed):
        answer = client.completions.create(
            model=adapter, prompt="1, 2,", temperature=2.0, top_p=0.95, seed=seed, n=2, max_tokens=16
        )
        return [choice.text for choice in answer.choices]

    assert drawn(7) == drawn(7)
    assert len({tuple(drawn(seed)) for seed in range(4)}) > 1


@check
def errors_have_the_classes_of_the_client():
    def fails(kind, code=None, **asked):
        try:
            client.chat.completions.create(**{"model": adapter, "messages": question, "max_tokens": 2, **asked})
        except kind as error:
            assert error.message and (code is None or error.code == code), error.code
        else:
            raise AssertionError(f"no {kind.__name__}")

    fails(openai.NotFoundError, "model_not_found", model="nobody")
    fails(openai.BadRequestError, temperature=-1)
    fails(openai.BadRequestError, tools=[{"type": "function", "function": {"name": "a", "parameters": {}}}])
    fails(openai.BadRequestError, "context_length_exceeded", messages=[{"role": "user", "content": "1, " * 9999}])
    fails(openai.BadRequestError, messages=[])


@check
def many_clients_get_their_own_answers():
    prompts = [f"{i}, {i + 1}," for i in range(8)]

    def said(prompt):
        asked = dict(model=(base, adapter)[len(prompt) % 2], prompt=prompt, temperature=0, max_tokens=8)
        return client.completions.create(**asked).choices[0].text

    alone = [said(prompt) for prompt in prompts]
    together = {}
    threads = [threading.Thread(target=lambda i=i: together.update({i: said(prompts[i % 8])})) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[i] for i in range(24)] == alone * 3


@check
def a_stream_that_is_left_leaves_the_server_well():
    stream = client.completions.create(
        model=base, prompt="1,", max_tokens=100, stream=True, extra_body={"ignore_eos": True}
    )
    next(iter(stream))
    stream.close()
    assert client.completions.create(model=base, prompt="1,", max_tokens=2).choices[0].text is not None


for function in checks:
    try:
        function()
        error = None
    except Exception:
        error = traceback.format_exc()
    print(json.dumps({"name": function.__name__.replace("_", " "), "error": error}), flush=True)
