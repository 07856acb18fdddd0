-- What a person does with a recipe in Neovim. Runs with the configuration of docs/editors.md, in a folder that
-- run.mjs has written, and reports a line for each step.
local report = assert(io.open(assert(os.getenv('LORA_EDITOR_REPORT')), 'w'))

local function say(line)
  report:write(line, '\n')
  report:flush()
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
end

local function eventually(what, look)
  if not vim.wait(60000, look, 20) then error(what .. ' did not happen; the recipe is\n' .. text()) end
end

--- Line and character of a word, from zero; `within` characters into it.
local function place(word, within)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local at = line:find(word, 1, true)
    if at then return { line = number - 1, character = at - 1 + (within or 0) } end
  end
  error(word .. ' is not in the recipe:\n' .. text())
end

local function ask(method, more)
  local params = vim.tbl_extend('force', { textDocument = vim.lsp.util.make_text_document_params() }, more)
  local answers = assert(vim.lsp.buf_request_sync(0, method, params, 60000))
  for _, answer in pairs(answers) do
    assert(not answer.error, method .. ': ' .. vim.inspect(answer.error))
    return answer.result
  end
  error(method .. ' is not answered')
end

local function codes(buffer)
  return vim.tbl_map(function(each)
    return each.code or each.user_data.lsp.code
  end, vim.diagnostic.get(buffer))
end

local function client()
  local all = (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  return all[1]
end

local steps = {
  {
    'open: the server starts, the recipe is a recipe',
    function()
      vim.cmd('edit mine.lora.json')
      eventually('the server', function()
        return client() and client().initialized ~= false and #codes(0) > 0
      end)
      assert(vim.bo.filetype == 'lora')
      assert(client().name == 'lora')
    end,
  },
  {
    'diagnostics: of the text, of the model, and in the dataset itself',
    function()
      eventually('the diagnostics', function()
        local found = codes(0)
        return vim.tbl_contains(found, 'unknown-key') and vim.tbl_contains(found, 'target-not-found')
      end)
      local data = vim.uri_to_bufnr(vim.uri_from_fname(vim.fn.fnamemodify('data.jsonl', ':p')))
      eventually('the diagnostic of the row', function()
        return vim.tbl_contains(codes(data), 'dataset-row-invalid')
      end)
      assert(vim.diagnostic.get(data)[1].lnum == 40)
    end,
  },
  {
    'hover: what it is, and what it means here',
    function()
      eventually('the answer of the model', function()
        local lines = vim.lsp.util.convert_input_to_markdown_lines(
          ask('textDocument/hover', { position = place('base_model', 2) }).contents
        )
        return table.concat(lines, '\n'):find('This one is a llama model: ', 1, true)
      end)
    end,
  },
  {
    'code action: the key gets its right name',
    function()
      local at = place('"rank"', 1)
      local actions = ask('textDocument/codeAction', {
        range = { start = at, ['end'] = at },
        context = { diagnostics = {}, only = { 'quickfix' } },
      })
      local chosen = vim.tbl_filter(function(action)
        return action.isPreferred
      end, actions)[1]
      vim.lsp.util.apply_workspace_edit(chosen.edit, client().offset_encoding)
      assert(text():find('"r": 4', 1, true), text())
      eventually('the end of the problem', function()
        return not vim.tbl_contains(codes(0), 'unknown-key')
      end)
    end,
  },
  {
    'completion: a layer of this very model',
    function()
      local list = ask('textDocument/completion', { position = place('q_prj', 2) })
      local item = vim.tbl_filter(function(each)
        return each.label == 'q_proj'
      end, list.items)[1]
      assert(item.detail:find(' layers, '), item.detail)
      vim.lsp.util.apply_text_edits({ item.textEdit }, 0, client().offset_encoding)
      assert(text():find('["q_proj"]', 1, true), text())
      eventually('the end of the problem', function()
        return not vim.tbl_contains(codes(0), 'target-not-found')
      end)
    end,
  },
  {
    'code lens: what it costs',
    function()
      eventually('the lens', function()
        return vim.tbl_contains(
          vim.tbl_map(function(lens)
            return lens.command.title:find('trainable parameters', 1, true) ~= nil
          end, ask('textDocument/codeLens', {})),
          true
        )
      end)
    end,
  },
  {
    'format: blanks are set, the comment stays',
    function()
      vim.bo.shiftwidth, vim.bo.tabstop, vim.bo.expandtab = 2, 2, true
      if vim.lsp.buf.format then
        vim.lsp.buf.format({ async = false, timeout_ms = 60000 })
      else
        vim.lsp.buf.formatting_sync(nil, 60000)
      end
      assert(text():find('\n  "lora": {', 1, true), text())
      assert(text():find('// how much it can learn', 1, true), text())
    end,
  },
  {
    'rename: the recipe follows its dataset',
    function()
      local from, to = vim.fn.fnamemodify('data.jsonl', ':p'), vim.fn.fnamemodify('rows/train.jsonl', ':p')
      local edit = ask('workspace/willRenameFiles', {
        files = { { oldUri = vim.uri_from_fname(from), newUri = vim.uri_from_fname(to) } },
      })
      vim.lsp.util.apply_workspace_edit(edit, client().offset_encoding)
      vim.fn.mkdir('rows')
      assert(vim.fn.rename(from, to) == 0)
      assert(text():find('"path": "rows/train.jsonl"', 1, true), text())
      vim.cmd('write')
      eventually('the dataset is found again', function()
        return not vim.tbl_contains(codes(0), 'dataset-missing')
      end)
    end,
  },
  {
    'close: the server ends',
    function()
      local ending = client()
      ending.stop(ending)
      eventually('the end of the server', function()
        return client() == nil
      end)
    end,
  },
}

for _, step in ipairs(steps) do
  local name, play = step[1], step[2]
  local began = vim.loop.hrtime()
  local ok, message = xpcall(play, debug.traceback)
  if not ok then
    say('FAILED  ' .. name .. '\n' .. message)
    vim.cmd('cquit 1')
  end
  say(('ok      %s (%.1f s)'):format(name, (vim.loop.hrtime() - began) / 1e9))
end
say('done')
