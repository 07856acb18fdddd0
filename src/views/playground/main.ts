import { readPlaygroundMemory } from '../../run/playgroundProtocol';
import { startPage } from '../page/bridge';
import { Playground } from './playground';

startPage(
  'playground',
  ({ root, bridge, remembered }) => new Playground(root, bridge, readPlaygroundMemory(remembered)),
);
