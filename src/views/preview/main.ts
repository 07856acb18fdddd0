import { readPreviewMemory } from '../../run/previewProtocol';
import { startPage } from '../page/bridge';
import { Preview } from './preview';

startPage('preview', ({ root, bridge, remembered }) => new Preview(root, bridge, readPreviewMemory(remembered)));
